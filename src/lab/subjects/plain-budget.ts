import { fullJitter } from "../../resilience/backoff.ts";
import type { Subject } from "../subject.ts";
import { attemptOnce, underDeadline } from "./wire.ts";

const maxRetries = 2;
const depositPerCall = 0.1;
const maxBalance = 10;
const backoff = { baseDelayMs: 50, maxDelayMs: 20_000 };

/** The budget of Finagle and Envoy at its simplest, written here because no package for Node has one. */
export const plainBudget: Subject = {
  id: "plain-budget",
  name: "10 % budget",
  group: "baseline",
  about: "Two retries with full jitter from 50 ms; a call deposits 0.1, a retry costs 1, at most 10 are saved. Ours.",
  client(parts) {
    let balance = maxBalance;
    return {
      call: (send) =>
        underDeadline(parts, async (signal) => {
          balance = Math.min(maxBalance, balance + depositPerCall);
          for (let retries = 0; ; retries++) {
            try {
              return await attemptOnce(send, { clock: parts.clock, timeoutMs: parts.attemptTimeoutMs, signal });
            } catch (error) {
              if (retries === maxRetries || signal.aborted || balance < 1) throw error;
              balance -= 1;
            }
            const delayMs = fullJitter(backoff, retries, parts.random);
            await new Promise<void>((resolve) => void parts.clock.setTimer(delayMs, resolve));
          }
        }),
    };
  },
};
