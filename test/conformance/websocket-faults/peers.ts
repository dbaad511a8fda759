import type { Peer } from "./clients/client.ts";
import { hawser } from "./clients/hawser.ts";
import { partysocket } from "./clients/partysocket.ts";
import { reconnectingWebsocket } from "./clients/reconnecting-websocket.ts";
import { websocketTs } from "./clients/websocket-ts.ts";
import { ws } from "./clients/ws.ts";

/** Every client that the corpus is run on, Hawser first. */
export const peers: readonly Peer[] = [hawser, ws, partysocket, reconnectingWebsocket, websocketTs];
