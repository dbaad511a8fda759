import type { Subject } from "../subject.ts";
import { attemptOnce, underDeadline } from "./wire.ts";

const maxRetries = 3;

/** A loop around fetch, as it is written first. */
export const naive: Subject = {
  id: "naive",
  name: "3 retries at once",
  group: "baseline",
  about: "Up to three retries of every failure, without a pause.",
  client: (parts) => ({
    call: (send) =>
      underDeadline(parts, async (signal) => {
        for (let retries = 0; ; retries++) {
          try {
            return await attemptOnce(send, { clock: parts.clock, timeoutMs: parts.attemptTimeoutMs, signal });
          } catch (error) {
            if (retries === maxRetries || signal.aborted) throw error;
          }
        }
      }),
  }),
};
