import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { MessageIterator } from "../../../src/websocket/receive/message-iterator.ts";
import { settled } from "../../support/virtual-clock.ts";
import { setUp, slowHandler } from "../inbox-under-test.ts";

const maxMessages = 4;
const keyOf = (message: string): string => message.slice(0, 1);

type Kind = "plain" | "serial" | "keyed" | "iterator";
type Step =
  | { readonly do: "push"; readonly key: string; readonly topic: string | undefined; readonly isHeld: boolean }
  | { readonly do: "settle"; readonly lane: number; readonly which: number }
  | { readonly do: "remove"; readonly lane: number; readonly which: number }
  | { readonly do: "add"; readonly kind: Kind; readonly topic: string | undefined }
  | { readonly do: "hold" }
  | { readonly do: "release" }
  | { readonly do: "forget" };

const kinds = fc.constantFrom<Kind>("plain", "serial", "keyed", "iterator");
const topics = fc.constantFrom("gold", undefined);
const nat = fc.nat({ max: 20 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .tuple(fc.constantFrom("a", "b", "c"), topics, fc.boolean())
        .map(([key, topic, isHeld]): Step => ({ do: "push", key, topic, isHeld })),
    },
    { weight: 6, arbitrary: fc.tuple(nat, nat).map(([lane, which]): Step => ({ do: "settle", lane, which })) },
    { weight: 1, arbitrary: fc.tuple(nat, nat).map(([lane, which]): Step => ({ do: "remove", lane, which })) },
    { weight: 1, arbitrary: fc.tuple(kinds, topics).map(([kind, topic]): Step => ({ do: "add", kind, topic })) },
    { weight: 2, arbitrary: fc.constantFrom<Step>({ do: "hold" }, { do: "release" }, { do: "forget" }) },
  ),
  { maxLength: 80, size: "max" },
);

interface ModelLane {
  readonly kind: Kind;
  readonly topic: string | undefined;
  readonly seen: string[];
  waiting: string[];
  hand: string[];
  /** Of an iterator: reads that wait for a message. */
  reads: number;
  isFilling: boolean;
}

/** The contract in plain arrays, slow and obvious. */
class Model {
  lanes: ModelLane[] = [];
  kept: string[] | undefined;
  isFull = false;
  #isSpreading = false;
  #backlog: string[] = [];
  readonly #topics = new Map<string, string | undefined>();
  /** Lanes that are not done with a message, and the round itself. */
  readonly #open = new Map<string, number>();

  isHandled = (message: string): boolean => this.#open.get(message) === 0;

  add(kind: Kind, topic: string | undefined): ModelLane {
    const lane = { kind, topic, seen: [], waiting: [], hand: [], reads: 0, isFilling: false };
    this.lanes.push(lane);
    return lane;
  }

  push(message: string, topic: string | undefined, isHeld: boolean): void {
    this.#topics.set(message, topic);
    if (isHeld) this.kept?.push(message);
    else this.#backlog.push(message);
    this.#flow();
  }

  release(): void {
    this.#backlog.push(...(this.kept ?? []));
    this.kept = undefined;
    this.#flow();
  }

  /** Settles one that is in hand, or reads. */
  settle(lane: ModelLane, message: string | undefined): void {
    if (lane.kind === "iterator") {
      this.#done(lane.hand);
      lane.hand = [];
      lane.reads++;
    } else if (message !== undefined) {
      lane.hand = lane.hand.filter((one) => one !== message);
      this.#done([message]);
    }
    this.#fill(lane);
    this.#flow();
  }

  remove(lane: ModelLane): void {
    this.lanes = this.lanes.filter((one) => one !== lane);
    this.#done([...lane.hand, ...lane.waiting]);
    this.#flow();
  }

  #flow(): void {
    if (this.#isSpreading) return;
    const isHeavy = this.lanes.some(({ waiting }) => waiting.length > maxMessages / 2);
    if (!isHeavy) this.isFull = false;
    while (!this.isFull && this.#backlog.length > 0) {
      const message = this.#backlog.shift() as string;
      const lanes = this.lanes.filter(({ topic }) => topic === undefined || topic === this.#topics.get(message));
      this.#open.set(message, lanes.length);
      this.#isSpreading = true;
      for (const lane of lanes) {
        lane.waiting.push(message);
        this.#fill(lane);
      }
      this.#isSpreading = false;
      this.isFull = this.lanes.some(({ waiting }) => waiting.length >= maxMessages);
    }
  }

  #fill(lane: ModelLane): void {
    if (lane.isFilling) return;
    lane.isFilling = true;
    for (let next = this.#nextOf(lane); next !== undefined; next = this.#nextOf(lane)) {
      lane.waiting = lane.waiting.filter((one) => one !== next);
      lane.seen.push(next);
      if (lane.kind === "plain") this.#done([next]);
      else lane.hand.push(next);
      if (lane.kind === "iterator") lane.reads--;
      // Each place that is freed may bring in more at once.
      this.#flow();
    }
    lane.isFilling = false;
  }

  #nextOf({ kind, waiting, hand, reads }: ModelLane): string | undefined {
    if (kind === "plain") return waiting[0];
    if (kind === "serial") return hand.length === 0 ? waiting[0] : undefined;
    if (kind === "iterator") return reads > 0 ? waiting[0] : undefined;
    const free = waiting.find((message) => !hand.some((other) => keyOf(other) === keyOf(message)));
    return hand.length < 2 ? free : undefined;
  }

  #done(messages: readonly string[]): void {
    for (const message of messages) this.#open.set(message, (this.#open.get(message) ?? 0) - 1);
  }
}

interface RealLane {
  readonly seen: string[];
  readonly settle: (message: string | undefined) => Promise<void>;
  readonly remove: () => void;
}

function addLane(inbox: ReturnType<typeof setUp>["inbox"], kind: Kind, topic: string | undefined): RealLane {
  if (kind === "iterator") return readerOf(inbox.iterate(undefined, topic));
  const slow = slowHandler();
  const plainSeen: string[] = [];
  const handle = kind === "plain" ? (message: string): unknown => plainSeen.push(message) : slow.handle;
  const concurrency = kind === "keyed" ? { maxConcurrent: 2, keyOf } : undefined;
  inbox.addHandler(handle, { consumer: "handler" }, { topic, concurrency });
  return {
    seen: kind === "plain" ? plainSeen : slow.seen,
    settle: slow.letGo,
    remove: () => void inbox.removeHandler(handle, topic),
  };
}

function readerOf(messages: MessageIterator<string>): RealLane {
  const seen: string[] = [];
  return {
    seen,
    settle: async () => {
      void messages.next().then(({ value }) => value !== undefined && seen.push(value));
      await settled();
    },
    remove: () => void messages.return?.(),
  };
}

test("each lane gets each message once and in order, none is lost, and the reader is held exactly while it must be", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (taken) => {
      const { inbox, pressure } = setUp({ maxMessages });
      const model = new Model();
      const real = new Map<ModelLane, RealLane>();
      const handled = new Map<string, number>();
      let generation = 1;
      let successor = 2;
      const add = (kind: Kind, topic: string | undefined): void => {
        real.set(model.add(kind, topic), addLane(inbox, kind, topic));
      };
      const settle = async (lane: ModelLane, message: string | undefined): Promise<void> => {
        model.settle(lane, message);
        await real.get(lane)?.settle(message);
      };
      for (const kind of ["plain", "serial", "keyed", "iterator"] as const) add(kind, undefined);

      for (const [index, step] of taken.entries()) {
        if (step.do === "add") add(step.kind, step.topic);
        else if (step.do === "push") {
          const isHeld = step.isHeld && model.kept !== undefined;
          const message = `${step.key}${index}`;
          model.push(message, step.topic, isHeld);
          handled.set(message, 0);
          const onHandled = (): void => void handled.set(message, (handled.get(message) ?? 0) + 1);
          inbox.push(isHeld ? successor : generation, message, 1, { topic: step.topic, onHandled });
        } else if (step.do === "hold") {
          model.kept ??= [];
          inbox.hold(successor);
        } else if (step.do === "forget") {
          model.kept = undefined;
          // A connection that was given up never comes back; the next one has a number of its own.
          inbox.forget(successor++);
        } else if (step.do === "release") {
          model.release();
          generation = successor++;
          inbox.release(generation);
        } else {
          const lane = model.lanes[step.lane % Math.max(1, model.lanes.length)];
          if (lane === undefined) continue;
          if (step.do === "settle") await settle(lane, lane.hand[step.which % Math.max(1, lane.hand.length)]);
          else {
            model.remove(lane);
            real.get(lane)?.remove();
          }
        }
        await settled();
        for (const lane of model.lanes) expect(real.get(lane)?.seen).toEqual(lane.seen);
        const told = pressure.findLast(([, of]) => of === generation)?.[0] ?? false;
        expect([told, inbox.isFull]).toEqual([model.isFull, model.isFull]);
        for (const [message, times] of handled)
          expect([message, times]).toEqual([message, model.isHandled(message) ? 1 : 0]);
      }

      // Whatever is left comes through, once each handler has settled and each reader has read.
      for (let isBusy = true; isBusy; ) {
        const busy = model.lanes.find((lane) => lane.hand.length + lane.waiting.length > 0);
        isBusy = busy !== undefined;
        if (busy !== undefined) await settle(busy, busy.hand[0]);
      }
      for (const lane of model.lanes) expect(real.get(lane)?.seen).toEqual(lane.seen);
      expect([inbox.isFull, inbox.depth - (model.kept?.length ?? 0)]).toEqual([false, 0]);
    }),
    { numRuns: 200 },
  );
}, 60_000);
