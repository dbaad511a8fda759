import {
  Subscriptions,
  type SubscribeTerms,
  type SubscriptionsParts,
} from "../../src/websocket/subscriptions/subscriptions.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/** What goes either way: keys that are asked for, confirmed, refused. */
export interface FeedMessage {
  readonly op: "sub" | "unsub" | "confirmed" | "refused" | "data";
  readonly keys: readonly string[];
}

/** One connection of a far side that keeps account of what it was asked for. */
export class FarSide {
  /** What it carries, as it believes. */
  readonly carried = new Set<string>();
  readonly received: FeedMessage[] = [];
  /** Asked for, and not confirmed yet. */
  readonly unconfirmed: string[] = [];

  hear(message: FeedMessage): void {
    this.received.push(message);
    for (const key of message.keys) {
      if (message.op === "unsub") this.carried.delete(key);
      if (message.op !== "sub") continue;
      this.carried.add(key);
      this.unconfirmed.push(key);
    }
  }

  /** `sub a,b` for each message that came. */
  get heard(): string[] {
    return this.received.map(({ op, keys }) => `${op} ${keys.join(",")}`);
  }
}

type Parts = SubscriptionsParts<FeedMessage, string>;

/** Subscriptions of a protocol that confirms, with what they told; `transit` is what each message takes to get there. */
export function setUp(options: Partial<Parts["settings"]> = {}, parts: Partial<Parts> = {}, transit = async () => {}) {
  const clock = new VirtualClock();
  const ended: [string, unknown][] = [];
  const errors: unknown[] = [];
  const subscriptions = new Subscriptions<FeedMessage, string>({
    name: { service: "feed", operation: "/stream" },
    stream: "the stream",
    clock,
    limitMs: 10_000,
    positionsOf: () => new Map(),
    onEnded: (key, error) => void ended.push([key, error]),
    onError: (error) => void errors.push(error),
    ...parts,
    settings: {
      subscribe: (keys) => ({ op: "sub", keys }),
      unsubscribe: (keys) => ({ op: "unsub", keys }),
      confirmedBy: ({ op, keys }) => (op === "confirmed" ? keys : undefined),
      refusedBy: ({ op, keys: [key = ""] }) => (op === "refused" ? { key, code: 403, reason: "sk_live_1" } : undefined),
      keyOf: ({ op, keys: [key] }) => (op === "data" ? key : undefined),
      maxKeysPerMessage: 2,
      ...options,
    },
  });
  const add = (key: string, terms: Partial<SubscribeTerms> = {}): Promise<void> =>
    subscriptions.add(key, { limitMs: 1_000, limit: "answer", signals: [], ...terms });
  /** A new connection on which everything is asked for again. */
  const connect = (generation: number, signal = new AbortController().signal) => {
    const far = new FarSide();
    const send = async (message: unknown): Promise<void> => {
      await transit();
      far.hear(message as FeedMessage);
    };
    const restored = subscriptions.restore(send, generation, signal);
    restored.catch(() => undefined);
    const confirm = (...keys: string[]): void => subscriptions.offer({ op: "confirmed", keys }, generation);
    const refuse = (key: string): void => subscriptions.offer({ op: "refused", keys: [key] }, generation);
    return { far, restored, confirm, refuse };
  };
  return { clock, subscriptions, add, connect, ended, errors };
}
