import type { WebSocketClient } from "../../websocket-client.ts";
import type { Payload } from "../../websocket-frames.ts";

/** A socket as browsers have it: it does not tell when something was written. */
interface Quiet {
  readonly bufferedAmount: number;
  send(data: Payload): void;
}

/** What was sent is with the kernel when `bufferedAmount` says so, which must be asked again and again. */
export function sendingBy(socket: Quiet): Pick<WebSocketClient, "send" | "burst"> {
  const written = async (): Promise<void> => {
    while (socket.bufferedAmount > 0) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    send: async (data) => {
      socket.send(data);
      await written();
    },
    burst: async (make, count) => {
      for (let sent = 0; sent < count; sent++) socket.send(make());
      await written();
    },
  };
}
