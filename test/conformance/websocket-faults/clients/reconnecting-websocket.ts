import Imported from "reconnecting-websocket";
import type { Peer } from "./client.ts";
import { openReconnecting, type ReconnectingClass } from "./reconnecting.ts";

// CommonJS with a default export of its own, which Node and TypeScript see differently.
const ReconnectingWebSocket = ((Imported as { readonly default?: unknown }).default ?? Imported) as ReconnectingClass;

export const reconnectingWebsocket: Peer = {
  name: "reconnecting-websocket",
  setUp: "over `ws`, set up as partysocket, which began as a copy of it.",
  hasProvider: true,
  open: (settings) => openReconnecting(ReconnectingWebSocket, settings),
};
