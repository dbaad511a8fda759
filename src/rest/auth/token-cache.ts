import type { Clock } from "../../core/clock.ts";
import { outsideRequests } from "../../core/request-scope.ts";
import { CredentialsError, credentialsErrorOf } from "../../core/auth/credentials-error.ts";
import {
  afterFailure,
  afterRefusal,
  afterToken,
  decideToken,
  type FreshToken,
  noToken,
  type TokenState,
} from "./token-decision.ts";

type Flight<T> = Promise<{ readonly value: T } | { readonly error: CredentialsError }>;

/**
 * Holds one token for all calls of a service and replaces it in time. At most one request for a token is under way,
 * however many calls want it; it belongs to none of them, so the abort of one takes nothing from the others. Its own
 * limit ends it, and `close`. See {@link decideToken} for when it is made.
 */
export class TokenCache<T> {
  readonly #ask: (signal: AbortSignal) => Promise<FreshToken<T>>;
  readonly #whence: string;
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onBackgroundFailure: (error: CredentialsError) => void;
  readonly #closing = new AbortController();
  #state: TokenState<T> = noToken;
  #flight: Flight<T> | undefined;

  constructor(parts: {
    /** Asks for a token. Its signal aborts when the limit passes, or on `close`. */
    readonly ask: (signal: AbortSignal) => Promise<FreshToken<T>>;
    /** Who gives the tokens, for errors: "the token endpoint". */
    readonly whence: string;
    readonly clock: Clock;
    /** For one request for a token, in milliseconds. */
    readonly limitMs: number;
    /** Told of a refresh that failed while calls went on with the token that is still good. */
    readonly onBackgroundFailure: (error: CredentialsError) => void;
  }) {
    this.#ask = parts.ask;
    this.#whence = parts.whence;
    this.#clock = parts.clock;
    this.#limitMs = parts.limitMs;
    this.#onBackgroundFailure = parts.onBackgroundFailure;
  }

  /**
   * A token that is good now; at once where one is held.
   *
   * @throws CredentialsError
   */
  get(): T | Promise<T> {
    const { held, failure } = this.#state;
    switch (decideToken(this.#state, this.#clock.now())) {
      case "refresh":
        if (this.#flight === undefined) void this.#refresh();
        return held?.value as T;
      case "use":
        return held?.value as T;
      case "wait":
        return this.#wait();
      case "fail": {
        const { error, retryAt } = failure as NonNullable<typeof failure>;
        throw this.#waiting(error, retryAt);
      }
    }
  }

  /** Drops this token, if it is the one that is held. Answers whether another attempt may go with another. */
  renew(refused: T): boolean {
    const { state, isRenewable } = afterRefusal(this.#state, refused, this.#clock.now());
    this.#state = state;
    return isRenewable;
  }

  /** Gives a request for a token up, and forgets the token. */
  close(): void {
    this.#state = noToken;
    this.#closing.abort(new CredentialsError("the service was closed", { kind: "permanent" }));
  }

  async #wait(): Promise<T> {
    const end = await (this.#flight ?? this.#fetch());
    if ("value" in end) return end.value;
    const { held, failure } = this.#state;
    if (held !== undefined && this.#clock.now() < held.expiresAt) return held.value;
    throw failure === undefined ? end.error : this.#waiting(end.error, failure.retryAt);
  }

  async #refresh(): Promise<void> {
    const end = await this.#fetch();
    if ("error" in end && !this.#closing.signal.aborted) this.#onBackgroundFailure(end.error);
  }

  async #fetch(): Flight<T> {
    const flight = this.#fetchOnce();
    this.#flight = flight;
    const end = await flight;
    this.#flight = undefined;
    return end;
  }

  async #fetchOnce(): Flight<T> {
    const askedAt = this.#clock.now();
    try {
      const token = await this.#withinLimit();
      this.#state = afterToken(this.#state, token, askedAt);
      return token;
    } catch (cause) {
      const error = credentialsErrorOf(cause, this.#whence);
      this.#state = afterFailure(this.#state, error, this.#clock.now());
      return { error };
    }
  }

  async #withinLimit(): Promise<FreshToken<T>> {
    const closing = this.#closing.signal;
    closing.throwIfAborted();
    const { promise: ended, reject } = Promise.withResolvers<never>();
    const given = new AbortController();
    const end = (reason: unknown): void => {
      given.abort(reason);
      reject(reason);
    };
    const onClose = (): void => end(closing.reason);
    closing.addEventListener("abort", onClose);
    const timer = this.#clock.setTimer(this.#limitMs, () =>
      end(new CredentialsError(`${this.#whence} did not answer within ${this.#limitMs} ms`, { kind: "transient" })),
    );
    try {
      // As no part of the request whose call came first: the token is for all of them.
      return await Promise.race([ended, outsideRequests(() => this.#ask(given.signal))]);
    } finally {
      timer.cancel();
      closing.removeEventListener("abort", onClose);
    }
  }

  /** The same failure, with how long it is until a token may be asked for again: sooner, a retry is of no use. */
  #waiting(error: CredentialsError, retryAt: number): CredentialsError {
    const { message, kind, cause } = error;
    // A timer may fire up to a millisecond early, and would find the back-off not quite over.
    const retryAfterMs = Math.ceil(Math.max(0, retryAt - this.#clock.now())) + 1;
    return new CredentialsError(message, { kind, cause, retryAfterMs });
  }
}
