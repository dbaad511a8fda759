import { WebSocket } from "undici";
import type { OnMessage, WebSocketClient } from "../../websocket-client.ts";
import type { Payload } from "../../websocket-frames.ts";
import { sendingBy } from "./buffered-amount.ts";

export async function connect(url: string, onMessage: OnMessage): Promise<WebSocketClient> {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", ({ data }: { readonly data: unknown }) => {
    void onMessage(typeof data === "string" ? data : new Uint8Array(data as ArrayBuffer));
  });
  socket.addEventListener("error", () => undefined);
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  const sending = sendingBy({
    get bufferedAmount() {
      return socket.bufferedAmount;
    },
    send: (data: Payload) => socket.send(data),
  });
  return { ...sending, [Symbol.asyncDispose]: async () => socket.close() };
}
