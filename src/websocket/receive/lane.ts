import { type HandlerCalls, HandlerRun, type RunOwner } from "./handler-run.ts";
import type { LaneScope } from "./lane-scope.ts";
import type { Receipt } from "./receipt.ts";
import type { WaitingLine } from "./waiting-line.ts";

/** Whose failure it is, as `onError` is told, and whose lane, in `stats()`. */
export interface ConsumerName {
  /**
   * A hook, by its name; else
   * - `handler`: one that was added. `subscription`, with a `topic`: the handler of one, or the service ended it; without:
   *   a function of the option `subscriptions`. `iterator`: of `messages()`, in `stats()` alone.
   * - `connection`: an attempt failed, and another follows. `codec`: a message cannot be decoded.
   * - `request`: a `match`. `resume`: `positionOf`, `fill` or `onGap`. `inbox`: `inbox.keyOf`, `dedupe.idOf` or
   *   `rotate.when`. `classify`, `pingMessage`: the option of that name.
   */
  readonly consumer:
    | "onConnect"
    | "onDisconnect"
    | "onMessage"
    | "handler"
    | "subscription"
    | "iterator"
    | "inbox"
    | "codec"
    | "connection"
    | "request"
    | "resume"
    | "classify"
    | "pingMessage"
    | "onFailed";
  /** The name of the function, where it has one. */
  readonly handler?: string;
  /** The subscription, where it is the handler of one. */
  readonly topic?: string;
}

/** One consumer, as the inbox knows it. */
export interface Lane<Message> {
  readonly from: ConsumerName;
  readonly line: Pick<WaitingLine<Message>, "size" | "bytes" | "dropped" | "coalesced">;
  /** Nothing waits, and what was handed is done with. */
  readonly isAtRest: boolean;
  /** Of its handler; undefined for a lane without one. */
  readonly scope: LaneScope | undefined;
  /** A handler of it is on the stack. */
  readonly isCalling: boolean;
  /** Takes the message at once, where it can; false where it has to wait. What has ended wants none, and says true. */
  offer(message: Message, receipt: Receipt | undefined): boolean;
  /** After {@link Lane.offer} has said false, at once and with the same message. */
  wait(message: Message, bytes: number, receipt: Receipt | undefined, key: unknown): void;
}

/** A lane that hands messages to a handler. */
export interface HandlingLane<Message> extends Lane<Message> {
  readonly handler: (message: Message) => unknown;
  /** The consumer has gone: what it has, waiting or in hand, counts as handled. */
  remove(): void;
  /** The stream is over: what waits is dropped, and not handled. A handling under way may end. */
  end(): void;
}

/**
 * Hands messages to one handler, one at a time and in order. A handler that returns no promise is called in the tick
 * in which its message came; a slow one holds up its own lane alone.
 */
export class HandlerLane<Message> implements HandlingLane<Message>, RunOwner<Message> {
  readonly line: WaitingLine<Message>;
  readonly #run: HandlerRun<Message>;
  /** While it is `idle`, nothing waits. `calling`: the handler, or the loop over it, is on the stack. */
  #state: "idle" | "calling" | "waiting" | "removed" | "ended" = "idle";

  constructor(calls: HandlerCalls<Message>, line: WaitingLine<Message>) {
    this.line = line;
    this.#run = new HandlerRun(calls, this);
  }

  get handler(): (message: Message) => unknown {
    return this.#run.calls.handler;
  }

  get from(): ConsumerName {
    return this.#run.calls.from;
  }

  get scope(): LaneScope {
    return this.#run.calls.scope;
  }

  get isAtRest(): boolean {
    return this.#state !== "calling" && this.#state !== "waiting";
  }

  get isCalling(): boolean {
    return this.#state === "calling";
  }

  offer(message: Message, receipt: Receipt | undefined): boolean {
    if (this.#state !== "idle") return this.isAtRest;
    receipt?.take();
    this.#hand(message, receipt);
    if (this.isCalling) {
      if (this.line.size === 0) this.#state = "idle";
      else this.#drain();
    }
    return true;
  }

  wait(message: Message, bytes: number, receipt: Receipt | undefined, key: unknown): void {
    this.line.push(message, bytes, receipt, key);
  }

  settled(): void {
    if (this.#state === "waiting") this.#drain();
  }

  remove(): void {
    this.#state = "removed";
    this.#run.abandon();
    this.line.clear(true);
  }

  end(): void {
    this.#state = "ended";
    this.line.clear(false);
  }

  #hand(message: Message, receipt: Receipt | undefined): void {
    this.#state = "calling";
    const isDone = this.#run.start(message, receipt);
    if (isDone) return;
    if (this.#state === "calling") this.#state = "waiting";
    // The handler has removed itself.
    else if (this.#state === "removed") this.#run.abandon();
  }

  // A loop and not a recursion: a thousand handlers that return nothing must not be a thousand frames deep. What comes
  // while it runs waits, as it is not idle: a place that is freed may bring more in at once.
  #drain(): void {
    this.#state = "calling";
    while (this.#state === "calling") {
      const next = this.line.shift();
      if (next === undefined) {
        this.#state = "idle";
        this.#run.calls.host.onRest();
        return;
      }
      this.#hand(next.message, next.receipt);
    }
  }
}
