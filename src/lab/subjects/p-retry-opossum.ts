import CircuitBreaker from "opossum";
import pRetry from "p-retry";
import type { Send, Subject } from "../subject.ts";
import { attemptOnce, underDeadline } from "./wire.ts";

/** opossum 10 with its defaults, within p-retry 9. */
export const pRetryOpossum: Subject = {
  id: "p-retry-opossum",
  name: "p-retry > opossum",
  group: "peer",
  about: "opossum's defaults (50 % of a 10 s window, 30 s until half-open) and the attempt timeout; p-retry as above.",
  client(parts) {
    const { clock, attemptTimeoutMs: timeoutMs } = parts;
    const breaker = new CircuitBreaker(
      (send: Send, signal: AbortSignal) => attemptOnce(send, { clock, timeoutMs, signal }),
      { timeout: timeoutMs },
    );
    return {
      call: (send) =>
        underDeadline(parts, (signal) =>
          pRetry(() => breaker.fire(send, signal), { retries: 3, minTimeout: 100, randomize: true, signal }),
        ),
    };
  },
};
