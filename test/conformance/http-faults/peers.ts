import { axios } from "./clients/axios.ts";
import type { Peer } from "./clients/client.ts";
import { got } from "./clients/got.ts";
import { hawser } from "./clients/hawser.ts";
import { ky } from "./clients/ky.ts";
import { ofetch } from "./clients/ofetch.ts";
import { undici } from "./clients/undici.ts";

/** Every client that the corpus is run on, Hawser first. */
export const peers: readonly Peer[] = [hawser, undici, got, ky, axios, ofetch];
