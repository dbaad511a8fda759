import pRetry from "p-retry";
import type { Subject } from "../subject.ts";
import { attemptOnce, underDeadline } from "./wire.ts";

/** p-retry 9. Its own defaults (ten retries from 1 s) do not fit into a deadline of seconds. */
export const pRetryWithJitter: Subject = {
  id: "p-retry",
  name: "p-retry",
  group: "peer",
  about: "retries: 3, minTimeout: 100, randomize: true, signal; the attempt timeout in the function.",
  client: (parts) => ({
    call: (send) =>
      underDeadline(parts, (signal) =>
        pRetry(() => attemptOnce(send, { clock: parts.clock, timeoutMs: parts.attemptTimeoutMs, signal }), {
          retries: 3,
          minTimeout: 100,
          randomize: true,
          signal,
        }),
      ),
  }),
};
