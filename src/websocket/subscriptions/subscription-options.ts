import type { OptionReader } from "../../core/options.ts";
import type { Position } from "../resume/positions.ts";

/** What `subscribe` and `unsubscribe` are told beside the keys. */
export interface SubscribeContext<Stream> {
  /** For those who do the work themselves: what they send goes before what the rest of the program sends. */
  readonly stream: Stream;
  /** Aborts when the connection is gone, or when it takes too long. */
  readonly signal: AbortSignal;
}

/** A key that the service refused. */
export interface RefusedKey {
  readonly key: string;
  /** The service's code for it, which becomes `rpcCode`. */
  readonly code?: number | undefined;
  /** The service's words; they are kept off the message of the error. */
  readonly reason?: string | undefined;
}

/** How the protocol of the service subscribes. */
export interface SubscriptionOptions<Message, Stream = unknown> {
  /**
   * Makes the message that asks for these keys, or several; or does the work itself, resolves when it is done, and
   * returns nothing. A message that is an array itself must be put into another one. `positions` holds where each
   * key is to go on, as far as that is known.
   */
  readonly subscribe: (
    keys: readonly string[],
    context: SubscribeContext<Stream> & { readonly positions: ReadonlyMap<string, Position> },
  ) => unknown;
  /** The counterpart. Without it nothing is sent, and the service goes on with what nobody wants any more. */
  readonly unsubscribe?: ((keys: readonly string[], context: SubscribeContext<Stream>) => unknown) | undefined;
  /** The keys that a message confirms. Without it a key counts as confirmed when the message for it was sent. */
  readonly confirmedBy?: ((message: Message) => readonly string[] | string | undefined) | undefined;
  /** The key that a message refuses; also one that was confirmed before, and is taken away. */
  readonly refusedBy?: ((message: Message) => RefusedKey | readonly RefusedKey[] | undefined) | undefined;
  /**
   * The key of the subscription that a message belongs to. What follows an answer that `subscribe` awaits, it is asked of
   * when the code behind that `await` has run.
   */
  readonly keyOf?: ((message: Message) => string | undefined) | undefined;
  /** Keys in one message; whole, at least 1. @defaultValue 100 */
  readonly maxKeysPerMessage?: number | undefined;
}

/** The options, checked and with their defaults. */
export type SubscriptionSettings<Message, Stream> = SubscriptionOptions<Message, Stream> & {
  readonly maxKeysPerMessage: number;
};

/** Reads `subscriptions`, where it was given. */
export function readSubscriptions<Message, Stream>(
  reader: OptionReader,
): SubscriptionSettings<Message, Stream> | undefined {
  type Options = SubscriptionOptions<Message, Stream>;
  const nested = reader.nested("subscriptions");
  if (nested === undefined) return undefined;
  const subscribe = nested.function<Options["subscribe"]>("subscribe");
  if (!nested.isGiven("subscribe")) {
    reader.problem("subscriptions.subscribe is required: a function that makes the message for a list of keys");
  }
  const settings = {
    subscribe: subscribe ?? (() => undefined),
    unsubscribe: nested.function<NonNullable<Options["unsubscribe"]>>("unsubscribe"),
    confirmedBy: nested.function<NonNullable<Options["confirmedBy"]>>("confirmedBy"),
    refusedBy: nested.function<NonNullable<Options["refusedBy"]>>("refusedBy"),
    keyOf: nested.function<NonNullable<Options["keyOf"]>>("keyOf"),
    maxKeysPerMessage: nested.number("maxKeysPerMessage", 100, { min: 1, whole: true }),
  };
  nested.rejectUnknown();
  return settings;
}
