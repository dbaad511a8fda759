import { io, type Socket } from "socket.io-client";
import { eventName } from "../../socket-io-packets.ts";
import type { Data, OnMessage, WebSocketClient } from "../../websocket-client.ts";
import { sendingBy } from "./buffered-amount.ts";

export async function connect(url: string, onMessage: OnMessage): Promise<WebSocketClient> {
  const { origin, pathname } = new URL(url);
  const socket = io(origin, {
    path: `/socket.io${pathname}`,
    addTrailingSlash: false,
    transports: ["websocket"],
    perMessageDeflate: { threshold: Number.POSITIVE_INFINITY },
    forceNew: true,
  });
  socket.on(eventName, (data: string | object) => {
    void onMessage(data instanceof ArrayBuffer ? new Uint8Array(data) : data);
  });
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  const sending = sendingBy({
    get bufferedAmount() {
      return unwritten(socket);
    },
    send: (data: Data) => socket.emit(eventName, data),
  });
  return { ...sending, [Symbol.asyncDispose]: async () => void socket.disconnect() };
}

/** Packets that its engine keeps back, or else the bytes that its ws does. */
function unwritten({ io: { engine } }: Socket): number {
  if (engine.writeBuffer.length > 0) return engine.writeBuffer.length;
  return (engine.transport as unknown as { readonly ws: { readonly bufferedAmount: number } }).ws.bufferedAmount;
}
