import type { Subject } from "../subject.ts";
import { attemptOnce } from "./wire.ts";

/** One attempt, and that is it. */
export const noRetries: Subject = {
  id: "no-retries",
  name: "no retries",
  group: "baseline",
  about: "One attempt with the attempt timeout. What the service does to a client that does not react.",
  client: ({ clock, attemptTimeoutMs }) => ({
    call: (send) => attemptOnce(send, { clock, timeoutMs: attemptTimeoutMs }),
  }),
};
