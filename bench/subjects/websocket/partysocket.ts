import { WebSocket as PartySocket } from "partysocket";
import { WebSocket } from "ws";
import type { OnMessage, WebSocketClient } from "../../websocket-client.ts";
import type { Payload } from "../../websocket-frames.ts";
import { sendingBy } from "./buffered-amount.ts";

/** No compression, as everybody here. */
class Plain extends WebSocket {
  constructor(url: string, protocols: string | string[]) {
    super(url, protocols, { perMessageDeflate: false });
  }
}

export async function connect(url: string, onMessage: OnMessage): Promise<WebSocketClient> {
  const socket = new PartySocket(url, [], { WebSocket: Plain });
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", ({ data }: { data: string | ArrayBuffer }) => {
    void onMessage(typeof data === "string" ? data : new Uint8Array(data));
  });
  socket.addEventListener("error", () => undefined);
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  const sending = sendingBy({
    get bufferedAmount() {
      return socket.bufferedAmount;
    },
    send: (data: Payload) => socket.send(data as string | Uint8Array<ArrayBuffer>),
  });
  return { ...sending, [Symbol.asyncDispose]: async () => socket.close() };
}
