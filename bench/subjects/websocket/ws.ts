import { once } from "node:events";
import { WebSocket } from "ws";
import type { Data, OnMessage, WebSocketClient } from "../../websocket-client.ts";
import type { Payload } from "../../websocket-frames.ts";

export async function connect(url: string, onMessage: OnMessage): Promise<WebSocketClient> {
  const ws = new WebSocket(url, { perMessageDeflate: false });
  ws.on("message", (raw: Buffer, isBinary: boolean) => void onMessage(isBinary ? raw : raw.toString()));
  ws.on("error", () => undefined);
  ws.on("close", () => undefined);
  await once(ws, "open");
  const send = (data: Data): Promise<void> =>
    new Promise((resolve, reject) => ws.send(data as Payload, (error) => (error == null ? resolve() : reject(error))));
  const burst = (make: () => Data, count: number): Promise<void> =>
    new Promise((resolve, reject) => {
      let left = count;
      const done = (error?: Error | null): void => {
        if (error != null) reject(error);
        else if (--left === 0) resolve();
      };
      for (let sent = 0; sent < count; sent++) ws.send(make() as Payload, done);
    });
  return { send, burst, [Symbol.asyncDispose]: async () => ws.terminate() };
}
