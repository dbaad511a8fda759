import type { Data, WebSocketClient } from "../../websocket-client.ts";

/** A socket as browsers have it: it does not tell when something was written. */
interface Quiet<Sent extends Data> {
  readonly bufferedAmount: number;
  send(data: Sent): void;
}

/** What was sent is with the kernel when `bufferedAmount` says so, which must be asked again and again. */
export function sendingBy<Sent extends Data>(socket: Quiet<Sent>): Pick<WebSocketClient, "send" | "burst"> {
  const written = async (): Promise<void> => {
    while (socket.bufferedAmount > 0) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    send: async (data) => {
      socket.send(data as Sent);
      await written();
    },
    burst: async (make, count) => {
      for (let sent = 0; sent < count; sent++) socket.send(make() as Sent);
      await written();
    },
  };
}
