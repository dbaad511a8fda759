import ReconnectingWebSocket from "partysocket/ws";
import type { Peer } from "./client.ts";
import { openReconnecting } from "./reconnecting.ts";

export const partysocket: Peer = {
  name: "partysocket",
  setUp:
    "over `ws` (as its `WebSocket`, with `maxPayload` and `closeTimeout`): `connectionTimeout`, the delays, a factor of 2 " +
    "and `minUptime`; an asynchronous function as its URL where there is a provider. It has no heartbeat, and `send` tells nothing. " +
    "`shouldReconnectOnClose` is left as it is: which codes are for good is what the cases are about, and it is asked of no status.",
  hasProvider: true,
  open: (settings) => openReconnecting(ReconnectingWebSocket, settings),
};
