import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ServiceConnectionError } from "../../../src/core/errors.ts";
import type { OutboxLimits } from "../../../src/websocket/send/backlog.ts";
import { Outbox } from "../../../src/websocket/send/outbox.ts";
import type { Sink } from "../../../src/websocket/send/outgoing.ts";
import { settled, VirtualClock } from "../../support/virtual-clock.ts";
import { type Ending, OutboxModel } from "../outbox-model.ts";

const lost = new ServiceConnectionError("reset", { service: "feed", phase: "receive", outcome: "unknown" });

type Action =
  | { readonly type: "send"; readonly bytes: number; readonly limitMs: number; readonly setupFor: number | undefined }
  | { readonly type: "prepare" | "drain" | "end" }
  | { readonly type: "open" | "lose" | "close" | "flood" | "write" | "fail" | "abort"; readonly which: number }
  | { readonly type: "advance"; readonly ms: number };

// 0 is the newest connection.
const which = fc.nat({ max: 2 });
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.record({
      type: fc.constant("send" as const),
      // Against the bound of 90,000 in the outbox and the 64 KiB of a socket.
      bytes: fc.constantFrom(1, 20_000, 50_000, 70_000, 100_000),
      limitMs: fc.constantFrom(5, 10, 1_000, Number.POSITIVE_INFINITY),
      setupFor: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: which }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ type: "prepare" as const }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("open" as const), which }) },
  { weight: 8, arbitrary: fc.record({ type: fc.constant("write" as const), which }) },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constantFrom("lose", "close", "flood", "fail", "abort", "abort"), which }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("advance" as const), ms: fc.constantFrom(1, 5, 10) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("drain", "end") }) },
);

const limits: fc.Arbitrary<OutboxLimits> = fc.record({
  maxMessages: fc.integer({ min: 1, max: 4 }),
  maxBytes: fc.constant(90_000),
  whenFull: fc.constantFrom("wait", "reject", "dropOldest"),
});

const endingOf = (thrown: unknown): Ending => {
  if (thrown === "aborted" || thrown === "draining" || thrown === "over") return thrown;
  const { code, outcome } = thrown as ServiceConnectionError;
  const known: Record<string, Ending> = {
    "timeout-send not-sent": "expired unsent",
    "timeout-send unknown": "expired handed",
    "connection-reset unknown": "broken",
    "connection-not-connected not-sent": "no connection",
    "unavailable-queue-full not-sent": "full",
  };
  return known[`${code} ${outcome}`] ?? (`${code} ${outcome}` as Ending);
};

/** The outbox and its model, side by side, on sinks that write when the test says so. */
function sideBySide(bounds: OutboxLimits) {
  const clock = new VirtualClock();
  const outbox = new Outbox({ service: "feed", operation: "/" }, bounds, clock);
  const model = new OutboxModel(bounds);
  const sinks: Sink[] = [];
  const unanswered: ((error?: Error) => void)[][] = [];
  const handed: string[] = [];
  const told: string[] = [];
  const differences: string[] = [];
  const endings: (Ending | undefined)[] = [];
  const stops: AbortController[] = [];
  let drained: "no" | "waited for" | "yes" = "no";

  // Not by expect, which would take most of the time.
  const compare = (what: string, actual: unknown, expected: unknown): void => {
    const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
    if (is !== should) differences.push(`${what}: ${is}, and not ${should}`);
  };

  const recent = (back: number): number => Math.max(0, sinks.length - 1 - back);

  const newSink = (): void => {
    const index = sinks.length;
    const answers: ((error?: Error) => void)[] = [];
    const sizes: number[] = [];
    unanswered.push(answers);
    sinks.push({
      get isWritable() {
        return model.sinks[index]?.isWritable ?? false;
      },
      get unsentBytes() {
        return sizes.reduce((sum, bytes) => sum + bytes, model.sinks[index]?.isFlooded === true ? 64 * 1024 : 0);
      },
      send: (data, done) => {
        handed.push(`${index}:${String(data)}`);
        sizes.push(model.sends[Number(data)]?.bytes ?? Number.NaN);
        answers.push((error) => {
          sizes.shift();
          done(error);
        });
      },
    });
    model.prepare();
  };

  const send = (bytes: number, limitMs: number, setupFor: number | undefined): void => {
    const id = model.sends.length;
    const to = setupFor === undefined ? undefined : recent(setupFor);
    const stop = new AbortController();
    stops.push(stop);
    endings.push(undefined);
    const settle = (ending: Ending): void => {
      endings[id] = endings[id] === undefined ? ending : (`${endings[id]}, then ${ending}` as Ending);
    };
    // The model first: the sink asks it for the size.
    model.send({ bytes, expiresAt: clock.now() + limitMs, setupFor: to });
    outbox
      .send(
        { id },
        { data: String(id), bytes },
        {
          limitMs,
          limit: "send",
          signals: [stop.signal],
          setupFor: to === undefined ? undefined : sinks[to],
          onHanded: (sink) => told.push(`${sinks.indexOf(sink)}:${id}`),
        },
      )
      .then(
        () => settle("written"),
        (thrown: unknown) => settle(endingOf(thrown)),
      );
  };

  const onSink = (type: "open" | "lose" | "close" | "flood" | "write" | "fail", index: number): void => {
    const sink = sinks[index];
    const its = model.sinks[index];
    if (sink === undefined || its === undefined) return;
    if (type === "close") its.isWritable = false;
    if (type === "flood") its.isFlooded = true;
    // A connection that is gone does not come back; its writes may be answered late.
    if (type === "open" && !its.isLost) {
      outbox.open(sink);
      model.open(index);
    }
    if (type === "lose") {
      outbox.lose(sink, lost);
      model.lose(index);
    }
    if (type !== "write" && type !== "fail") return;
    unanswered[index]?.shift()?.(type === "write" ? undefined : new Error("EPIPE"));
    model.answer(index, type === "write");
  };

  const run = async (step: Action): Promise<void> => {
    switch (step.type) {
      case "send":
        return send(step.bytes, step.limitMs, step.setupFor);
      case "prepare":
        newSink();
        return outbox.prepare(sinks.at(-1) as Sink);
      case "drain": {
        const done = outbox.drain(() => "draining");
        model.drain();
        if (drained === "no") drained = "waited for";
        void done.then(() => {
          drained = "yes";
          return undefined;
        });
        return;
      }
      case "end":
        compare(
          "unsent",
          outbox.end(() => "over", lost),
          model.end(),
        );
        compare("timers", clock.timers, 0);
        await settled();
        compare("is still draining", drained === "waited for", false);
        drained = "no";
        return;
      case "advance":
        await clock.advance(step.ms);
        model.expire(clock.now());
        return compare("is drained", drained === "yes", model.isDrained);
      case "abort":
        stops.at(-1 - step.which)?.abort("aborted");
        return model.abort(stops.length - 1 - step.which);
      default:
        return onSink(step.type, recent(step.which));
    }
  };

  const runAndCompare = async (step: Action): Promise<void> => {
    await run(step);
    compare("messages", outbox.queuedMessages, model.queuedMessages);
    compare("bytes", outbox.queuedBytes, model.queuedBytes);
  };

  return { model, handed, told, endings, differences, run: runAndCompare };
}

test("property: whatever happens, an outbox does what its model says, and settles each send once", async () => {
  await fc.assert(
    fc.asyncProperty(limits, fc.array(action, { maxLength: 50, size: "max" }), async (bounds, steps) => {
      const { model, handed, told, endings, differences, run } = sideBySide(bounds);
      for (const step of [{ type: "prepare" } as const, ...steps, { type: "end" } as const]) await run(step);
      expect(differences).toEqual([]);
      expect(endings).toEqual(model.sends.map(({ ending }) => ending));
      expect(handed).toEqual(model.handed);
      expect(told).toEqual(handed);
      const messages = handed.map((each) => Number(each.split(":")[1]));
      expect(new Set(messages).size).toBe(messages.length);
      const users = messages.filter((id) => model.sends[id]?.setupFor === undefined);
      expect(users).toEqual(users.toSorted((a, b) => a - b));
    }),
    { numRuns: 3_000 },
  );
});
