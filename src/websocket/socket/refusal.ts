import type { IncomingMessage } from "node:http";
import type { Clock } from "../../core/clock.ts";
import type { SocketEnd } from "./stream-socket.ts";

// Of a refusal's body; enough for a problem document, too little to be a burden.
const maxBodyBytes = 16 * 1024;
// The status is known; a body that does not come must not turn it into a timeout.
const bodyMs = 1_000;

/**
 * Reads an answer that is not 101: its body to the end, 16 KiB or one second.
 *
 * @returns what gives it up; `told` is not called then.
 */
export function readRefusal(response: IncomingMessage, clock: Clock, told: (end: SocketEnd) => void): () => void {
  const chunks: Buffer[] = [];
  let size = 0;
  const stop = (): void => {
    timer.cancel();
    response.off("data", take).off("end", finish).off("error", finish);
    // What the connection has to say when it is destroyed.
    response.on("error", () => undefined);
  };
  const finish = (): void => {
    stop();
    const headers = Object.fromEntries(Object.entries(response.headers)) as Record<string, string | string[]>;
    const body = Buffer.concat(chunks).subarray(0, maxBodyBytes).toString("utf8");
    told({ kind: "refused", status: response.statusCode ?? 0, headers, body });
  };
  const take = (chunk: Buffer): void => {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= maxBodyBytes) finish();
  };
  const timer = clock.setTimer(bodyMs, finish);
  response.on("data", take).on("end", finish).on("error", finish);
  return stop;
}
