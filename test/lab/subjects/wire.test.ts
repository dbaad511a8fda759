import { expect, test } from "vitest";
import type { Reply } from "../../../src/lab/request.ts";
import type { Send } from "../../../src/lab/subject.ts";
import { attemptOnce, underDeadline } from "../../../src/lab/subjects/wire.ts";
import { VirtualClock } from "../../../src/core/virtual-clock.ts";

/** A wire that replies after 10 ms, or never, and knows whether it was given up. */
function wire(clock: VirtualClock, reply?: Reply): { readonly send: Send; isCancelled: boolean; sent: number } {
  const made = {
    isCancelled: false,
    sent: 0,
    send: (onReply: (reply: Reply) => void) => {
      made.sent += 1;
      if (reply !== undefined) clock.setTimer(10, () => onReply(reply));
      return () => void (made.isCancelled = true);
    },
  };
  return made;
}

async function endOf(clock: VirtualClock, attempt: Promise<unknown>): Promise<unknown> {
  const end = attempt.then(
    () => "success",
    (error: unknown) => error,
  );
  await clock.run(clock.now() + 10_000);
  return end;
}

test("only 200 is success; every other answer is an error with its status and hint", async () => {
  const clock = new VirtualClock();
  const good = wire(clock, { kind: "answer", status: 200 });
  expect(await endOf(clock, attemptOnce(good.send, { clock }))).toBe("success");
  const bad = wire(clock, { kind: "answer", status: 429, retryAfterSeconds: 3 });
  expect(await endOf(clock, attemptOnce(bad.send, { clock }))).toMatchObject({ status: 429, retryAfterSeconds: 3 });
});

test("a broken connection has the code that libraries look for", async () => {
  const clock = new VirtualClock();
  const refused = wire(clock, { kind: "refused" });
  expect(await endOf(clock, attemptOnce(refused.send, { clock }))).toMatchObject({ code: "ECONNREFUSED" });
  const reset = wire(clock, { kind: "reset" });
  expect(await endOf(clock, attemptOnce(reset.send, { clock }))).toMatchObject({ code: "ECONNRESET" });
});

test("an attempt that takes too long is given up and fails by its timeout", async () => {
  const clock = new VirtualClock();
  const silent = wire(clock);
  const error = await endOf(clock, attemptOnce(silent.send, { clock, timeoutMs: 100 }));
  expect(error).toMatchObject({ name: "TimeoutError" });
  expect(silent.isCancelled).toBe(true);
});

test("the deadline's signal ends an attempt with its reason, and nothing is sent after it", async () => {
  const clock = new VirtualClock();
  const silent = wire(clock);
  const parts = { clock, random: () => 0, attemptTimeoutMs: 1_000, deadlineMs: 50 };
  const call = underDeadline(parts, async (signal) => {
    await attemptOnce(silent.send, { clock, signal }).catch(() => undefined);
    await attemptOnce(silent.send, { clock, signal });
  });
  expect(await endOf(clock, call)).toMatchObject({ message: "the deadline has passed" });
  expect(silent).toMatchObject({ isCancelled: true, sent: 1 });
});
