import { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import type { Clock } from "../core/clock.ts";
import type { DecodeFault } from "../core/errors.ts";
import type { Attempt, Interruption } from "../resilience/call.ts";
import { interruptedEnd } from "../resilience/interruption.ts";
import { type AttemptEnd, type Failure, Success } from "../resilience/outcome.ts";
import { type Answer, type AnswerHeaders, type OpenAnswer, type RedirectNote, WholeAnswer } from "./answer.ts";
import { breakingError, whatBroke } from "./broken-connection.ts";
import type { ConnectionUse, ConnectionWitness } from "./connection-use.ts";
import type { Codings } from "./decode.ts";
import { decodeFailure } from "./decode-failure.ts";
import { DecodedBody } from "./decoded-body.ts";
import { IncomingAnswer } from "./incoming-answer.ts";
import { givenUp, OpenBody } from "./open-body.ts";
import { emptyRawHeaders } from "./raw-headers.ts";
import type { WitnessedOptions } from "./slot-pool.ts";
import { decideRedirect, failureAfter, firstHop, hasTakenEffect, type Hop, type RedirectRules } from "./redirect.ts";
import type { PreparedRequest } from "./request.ts";
import { bodyFailure, wireFailure } from "./wire-failure.ts";

/** What an exchange must know of its service. */
export interface ExchangeSettings extends Pick<RedirectRules, "maxRedirects" | "isBoundToOrigin"> {
  readonly service: string;
  readonly origin: string;
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  readonly bodyIdleTimeoutMs: number;
  readonly maxResponseBytes: number;
  readonly decompress: boolean;
}

/** The service's side of an exchange: its settings, and what takes its requests at this moment. */
export interface Wire {
  readonly settings: ExchangeSettings;
  dispatch(options: WitnessedOptions, handler: Dispatcher.DispatchHandler, now: number): void;
}

/** Makes of how an attempt ended on the wire what its call is told. */
export interface Judge<T extends Answer | OpenAnswer> {
  judge(end: AttemptEnd<T>): AttemptEnd<T>;
}

/** Tells how the attempt ended; by a promise that is rejected where a defect ended it. */
type Tell = (end: AttemptEnd<Answer | OpenAnswer> | Promise<never>) => void;

/** How much of an answer is read here: all of it, or its head where it is a success. */
export type Reading =
  | { readonly kind: "buffered" }
  | { readonly kind: "open"; readonly maxBytes: number; readonly bodyIdleTimeoutMs: number };

// Of a redirect, nothing is wanted but its head; a little is read so that the connection can be used again.
const maxDroppedBytes = 64 * 1024;

/** One request and its answer, as undici tells of it. Buffers the body without a stream in between. */
export class Exchange implements Dispatcher.DispatchHandler, ConnectionWitness {
  /** Of the connection that takes the request; unknown where the pool is not our own. */
  use: ConnectionUse | undefined;
  readonly #wire: Wire;
  readonly #request: PreparedRequest;
  readonly #attempt: Attempt;
  readonly #reading: Reading;
  readonly #judge: Judge<Answer | OpenAnswer>;
  /** Undefined once the exchange is over. */
  #tell: Tell | undefined;
  readonly #startedAt: number;
  /** Where a redirect led to; undefined for the request itself. */
  readonly #hop: Hop | undefined;
  /** The request's own body, where it is a stream. */
  #sending: Readable | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #isSent = false;
  /** Whether the request went out on a connection that had served before. */
  #isReused = false;
  #hasBegun = false;
  #sentAt = 0;
  /** Since its head has come. */
  #incoming: IncomingAnswer | undefined;
  /** Where the body goes once the answer was handed out open; the limits are its own affair from then on. */
  #open: OpenBody | undefined;
  /** Where to go on once this answer, a redirect, is out of the way. */
  #next: Hop | undefined;
  /** Of the answer that stands in its way. */
  #droppedBytes = 0;
  #isLeaving = false;
  #redirectProblem: string | undefined;

  constructor(
    wire: Wire,
    request: PreparedRequest,
    attempt: Attempt,
    reading: Reading,
    judge: Judge<Answer | OpenAnswer>,
    tell: Tell,
    earlier?: { readonly hop: Hop; readonly startedAt: number },
  ) {
    this.#wire = wire;
    this.#request = request;
    this.#attempt = attempt;
    this.#reading = reading;
    this.#judge = judge;
    this.#tell = tell;
    this.#hop = earlier?.hop;
    this.#startedAt = earlier?.startedAt ?? wire.settings.clock.now();
  }

  /** Sends the request. Never throws. */
  begin(): void {
    this.#attempt.onInterrupt((interruption) => this.#interrupt(interruption));
    if (this.isOver) return;
    const { path, method, headers } = this.#hop ?? this.#request;
    const origin = this.#hop?.origin ?? this.#wire.settings.origin;
    try {
      const body = this.#hop?.hasBody === false ? null : this.#openBody();
      if (body === undefined) return;
      const { credentials } = this.#request;
      const options = { origin, path, method, headers, body, witness: this, credentials };
      this.#wire.dispatch(options, this, this.#startedAt);
    } catch (error) {
      // An injected dispatcher may throw where undici's own tell the handler.
      this.onResponseError(undefined, error instanceof Error ? error : new Error(String(error)));
    }
  }

  // Called when a connection is there, just before the first byte is written: up to here, nothing was sent.
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.isOver) {
      controller.abort(givenUp);
      return;
    }
    this.#isSent = true;
    this.#isReused = this.use !== undefined && this.use.answers > 0;
    this.#sentAt = this.#wire.settings.clock.now();
    this.#attempt.phase = "send";
  }

  onRequestSent(): void {
    if (!this.isOver && this.#attempt.phase === "send") this.#attempt.phase = "headers";
  }

  // Called at the first byte of an answer.
  onResponseStarted(): void {
    this.#hasBegun = true;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    if (this.use !== undefined) emptyRawHeaders(controller);
    // Informational (RFC 9110, section 15.2): the answer is still to come.
    if (status < 200 || this.isOver) return;
    const { settings } = this.#wire;
    const { method } = this.#hop ?? this.#request;
    const head = { status, headers, at: settings.clock.now() };
    const incoming = new IncomingAnswer(head, { method, maxBytes: settings.maxResponseBytes });
    this.#incoming = incoming;
    this.#attempt.phase = "body";
    if (status >= 300 && status < 400) this.#considerRedirect(incoming);
    const isRead = incoming.hasBody && this.#next === undefined;
    const asked = this.#request.headers["accept-encoding"];
    const problem = isRead ? incoming.readEncoding(settings.decompress, asked) : undefined;
    if (problem !== undefined) {
      this.#refuse(incoming, "encoding", problem);
      controller.abort(givenUp);
    } else if (this.#reading.kind === "open" && status < 300) {
      this.#handOut(controller, incoming, this.#reading);
    } else if (isRead && incoming.isAnnouncedTooLarge) {
      this.#refuseSize(incoming);
      controller.abort(givenUp);
    } else if (incoming.hasBody) {
      this.#attempt.limit("body-idle", settings.bodyIdleTimeoutMs, head.at);
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#open !== undefined) {
      this.#open.push(chunk);
      return;
    }
    const incoming = this.#incoming;
    if (incoming === undefined || this.isOver || this.#isLeaving) return;
    if (this.#next !== undefined) {
      this.#droppedBytes += chunk.byteLength;
      if (this.#droppedBytes <= maxDroppedBytes) return;
      this.#leave(this.#next);
      controller.abort(givenUp);
    } else if (incoming.take(chunk)) {
      if (!incoming.isWhole) this.#attempt.limit("body-idle", this.#wire.settings.bodyIdleTimeoutMs);
    } else {
      this.#refuseSize(incoming);
      controller.abort(givenUp);
    }
  }

  onResponseEnd(): void {
    const broken = breakingError();
    if (broken !== undefined) {
      this.onResponseError(undefined, broken);
      return;
    }
    const { use } = this;
    const incoming = this.#incoming;
    if (use !== undefined) {
      this.use = undefined;
      use.answers += 1;
      use.free();
    }
    if (this.#open !== undefined) this.#open.end();
    else if (incoming === undefined || this.isOver || this.#isLeaving) return;
    else if (this.#next !== undefined) this.#leave(this.#next);
    else if (incoming.codings !== undefined) void this.#decode(incoming, incoming.codings);
    else this.#answer(incoming, incoming.whole());
  }

  onResponseError(_controller: unknown, error: Error): void {
    const { use } = this;
    if (use !== undefined) {
      this.use = undefined;
      // Not from within: undici counts on being given nothing while it tells everybody who waits for a connection that
      // there is none, and ends the process by an assertion otherwise.
      queueMicrotask(() => use.free());
    }
    if (this.#isLeaving || (this.isOver && this.#open === undefined)) return;
    const failure = wireFailure(whatBroke(error), {
      ...this.#about,
      phase: this.#attempt.phase,
      isSent: this.#isSent,
      isStale: this.#isReused && !this.#hasBegun,
      connectTimeoutMs: this.#wire.settings.connectTimeoutMs,
    });
    // The status of an open answer was a success, and that is known whatever becomes of the body.
    if (this.#open !== undefined) this.#open.fail({ ...failure, outcome: "accepted" });
    else this.#fail(failure);
  }

  get isOver(): boolean {
    return this.#tell === undefined;
  }

  /** It is over: whoever still holds it must not hold its answer, nor the promise of it, which what settles it has. */
  #letGo(): void {
    this.#tell = undefined;
    this.#incoming = undefined;
  }

  #interrupt(interruption: Interruption): void {
    if (this.#open !== undefined) return;
    // Beyond a redirect, something was sent in any case.
    const outcome = this.#isSent || this.#hop !== undefined ? "unknown" : "not-sent";
    const end = interruptedEnd(interruption, { ...this.#about, phase: this.#attempt.phase, outcome });
    if (end.kind === "failure") this.#fail(end.failure);
    else this.#settle(end);
    this.#controller?.abort(givenUp);
  }

  /** The body of this attempt; undefined where it cannot be had, and the attempt has ended with that. */
  #openBody(): string | Uint8Array | Readable | null | undefined {
    try {
      const body = this.#request.body.open();
      // Before undici's own listener, which would tell it as an error of the connection.
      if (body instanceof Readable) {
        this.#sending = body;
        body.once("error", (error) => this.#failBody(error));
      }
      return body;
    } catch (error) {
      this.#failBody(error instanceof Error ? error : new Error(String(error)));
      return undefined;
    }
  }

  #considerRedirect({ status, headers }: IncomingAnswer): void {
    const { settings } = this.#wire;
    const from = this.#hop ?? firstHop(settings.origin, this.#request);
    const { body, credentials, isSigned } = this.#request;
    const { maxRedirects, isBoundToOrigin } = settings;
    const isReplayable = body.isReplayable;
    const rules = { maxRedirects, isBoundToOrigin, isReplayable, queryCredentials: credentials?.query, isSigned };
    const decision = decideRedirect(from, { status, headers }, rules);
    if (decision?.kind === "follow") this.#next = decision.hop;
    else this.#redirectProblem = decision?.problem;
  }

  /** Goes on where the redirect leads to: in the next turn, for undici's parser cannot be entered from within itself. */
  #leave(hop: Hop): void {
    this.#isLeaving = true;
    queueMicrotask(() => {
      const tell = this.#tell;
      if (tell === undefined) return;
      this.#letGo();
      const earlier = { hop, startedAt: this.#startedAt };
      new Exchange(this.#wire, this.#request, this.#attempt, this.#reading, this.#judge, tell, earlier).begin();
    });
  }

  #handOut(
    controller: Dispatcher.DispatchController,
    { status, codings, headAt, decodedHeaders: headers }: IncomingAnswer,
    { maxBytes, bodyIdleTimeoutMs }: Reading & { readonly kind: "open" },
  ): void {
    const raw = new OpenBody(controller, {
      ...this.#about,
      status,
      bodyIdleTimeoutMs,
      maxBytes: codings === undefined ? maxBytes : Number.POSITIVE_INFINITY,
    });
    const body = codings === undefined ? raw : new DecodedBody(raw, codings, maxBytes);
    const timings = { queueMs: this.#sentAt - this.#startedAt, waitMs: headAt - this.#sentAt };
    this.#open = raw;
    const value = { status, headers, body, timings, isDecoded: codings !== undefined };
    this.#settle(new Success<OpenAnswer>(value, status, undefined, raw));
  }

  async #decode(incoming: IncomingAnswer, codings: Codings): Promise<void> {
    this.#attempt.phase = "decode";
    this.#attempt.limit("body-idle", Number.POSITIVE_INFINITY);
    const decoded = await incoming.decoded(codings);
    if (this.isOver) return;
    if (decoded.kind === "decoded") this.#answer(incoming, decoded.bytes, incoming.decodedHeaders);
    else if (decoded.kind === "too-large") this.#refuseSize(incoming);
    else this.#refuse(incoming, "encoding", decoded.problem);
  }

  #answer({ status, headers: own, headAt }: IncomingAnswer, body: Uint8Array, headers: AnswerHeaders = own): void {
    const readMs = this.#wire.settings.clock.now() - headAt;
    const timings = { queueMs: this.#sentAt - this.#startedAt, waitMs: headAt - this.#sentAt, readMs };
    this.#settle(new Success(new WholeAnswer(status, headers, body, timings, this.#redirect()), status));
  }

  #redirect(): RedirectNote | undefined {
    const problem = this.#redirectProblem;
    const hop = this.#hop;
    if (problem === undefined && hop === undefined) return undefined;
    const mayHaveTakenEffect = hop !== undefined && hasTakenEffect(hop, this.#request.isRepeatable);
    return { problem, mayHaveTakenEffect, isElsewhere: hop !== undefined && hop.origin !== this.#wire.settings.origin };
  }

  get #about(): { service: string; operation: string } {
    return { service: this.#wire.settings.service, operation: this.#request.operation };
  }

  #fail(failure: Failure): void {
    const own = this.#hop === undefined ? failure : failureAfter(this.#hop, this.#request.isRepeatable, failure);
    this.#settle({ kind: "failure", failure: own });
  }

  #failBody(error: Error): void {
    if (this.isOver) return;
    const { phase, number } = this.#attempt;
    const isFirst = number === 1 && this.#hop === undefined;
    this.#fail(bodyFailure(error, { ...this.#about, phase, isSent: this.#isSent, isFirst }));
    this.#controller?.abort(givenUp);
  }

  #refuseSize(incoming: IncomingAnswer): void {
    const limit = this.#wire.settings.maxResponseBytes;
    this.#refuse(
      incoming,
      "too-large",
      `the answer is larger than maxResponseBytes (${limit}); read on, it could fill the memory`,
    );
  }

  #refuse(incoming: IncomingAnswer, fault: DecodeFault, detail: string): void {
    const { status } = incoming;
    // What an error says is in its status and headers (a Retry-After); of its body, what could be read must do.
    if (status >= 400) {
      this.#answer(incoming, incoming.readable());
      return;
    }
    const phase = fault === "encoding" ? "decode" : "body";
    this.#fail(decodeFailure(fault, { ...this.#about, phase, status }, detail));
  }

  #settle(end: AttemptEnd<Answer | OpenAnswer>): void {
    const tell = this.#tell;
    if (tell === undefined) return;
    this.#letGo();
    // undici leaves a body that it never came to send as it was: with its file open, say.
    if (end.kind !== "success") this.#sending?.destroy();
    try {
      tell(this.#judge.judge(end));
    } catch (error) {
      // A defect, of a logger say: it ends the call, and not the connection that it is told from, unless that stands
      // ready for the reader of an answer that nobody gets.
      this.#open?.discard();
      tell(Promise.reject(error));
    }
  }
}
