import { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import type { Clock } from "../core/clock.ts";
import { type Phase, ServiceDecodeError } from "../core/errors.ts";
import type { Attempt, Interruption } from "../resilience/call.ts";
import { interruptedEnd } from "../resilience/interruption.ts";
import type { AttemptEnd } from "../resilience/outcome.ts";
import type { Answer, AnswerHeaders, OpenAnswer } from "./answer.ts";
import { givenUp, OpenBody } from "./open-body.ts";
import type { PreparedRequest } from "./request.ts";
import { bodyFailure, wireFailure } from "./wire-failure.ts";

/** What an exchange must know of its service. */
export interface ExchangeSettings {
  readonly service: string;
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  readonly bodyIdleTimeoutMs: number;
  readonly maxResponseBytes: number;
}

/** How much of an answer is read here: all of it, or its head where it is a success. */
export type Reading =
  | { readonly kind: "buffered" }
  | { readonly kind: "open"; readonly maxBytes: number; readonly bodyIdleTimeoutMs: number };

/** One request and its answer, as undici tells of it. Buffers the body without a stream in between. */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #settings: ExchangeSettings;
  readonly #request: PreparedRequest;
  readonly #attempt: Attempt;
  readonly #reading: Reading;
  readonly #resolve: (end: AttemptEnd<Answer | OpenAnswer>) => void;
  readonly #startedAt: number;
  #sending: Readable | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #isSettled = false;
  #isSent = false;
  #sentAt = 0;
  #answeredAt = 0;
  #status = 0;
  #headers: AnswerHeaders = {};
  #bytes = 0;
  readonly #chunks: Uint8Array[] = [];
  /** Where the body goes once the answer was handed out open; the limits are its own affair from then on. */
  #open: OpenBody | undefined;

  constructor(
    settings: ExchangeSettings,
    request: PreparedRequest,
    attempt: Attempt,
    reading: Reading,
    resolve: (end: AttemptEnd<Answer | OpenAnswer>) => void,
  ) {
    this.#settings = settings;
    this.#request = request;
    this.#attempt = attempt;
    this.#reading = reading;
    this.#resolve = resolve;
    this.#startedAt = settings.clock.now();
  }

  /** The body of this attempt; undefined where it cannot be had, and the attempt has ended with that. */
  openBody(): string | Uint8Array | Readable | null | undefined {
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

  interrupt(interruption: Interruption): void {
    if (this.#open !== undefined) return;
    const outcome = this.#isSent ? "unknown" : "not-sent";
    this.#settle(interruptedEnd(interruption, { ...this.#about, phase: this.#attempt.phase, outcome }));
    this.#controller?.abort(givenUp);
  }

  // Called when a connection is there, just before the first byte is written: up to here, nothing was sent.
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isSettled) {
      controller.abort(givenUp);
      return;
    }
    this.#isSent = true;
    this.#sentAt = this.#settings.clock.now();
    this.#attempt.phase = "send";
  }

  onRequestSent(): void {
    if (!this.#isSettled && this.#attempt.phase === "send") this.#attempt.phase = "headers";
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: AnswerHeaders): void {
    // Informational (RFC 9110, section 15.2): the answer is still to come.
    if (status < 200 || this.#isSettled) return;
    this.#status = status;
    this.#headers = headers;
    this.#answeredAt = this.#settings.clock.now();
    this.#attempt.phase = "body";
    // These have no body; what their headers say of one is about the answer to a GET (RFC 9110, section 8.6).
    const hasBody = this.#request.method !== "HEAD" && status !== 204 && status !== 304;
    const encoding = hasBody ? headers["content-encoding"] : undefined;
    if (encoding !== undefined && String(encoding).toLowerCase() !== "identity") {
      this.#refuse("encoding", `the answer is encoded (${String(encoding)}) although no encoding was asked for`);
      controller.abort(givenUp);
    } else if (this.#reading.kind === "open" && status < 300) {
      this.#handOut(controller, this.#reading);
    } else if (!hasBody) {
      return;
    } else if (Number(headers["content-length"]) > this.#settings.maxResponseBytes && status < 400) {
      this.#refuseSize();
      controller.abort(givenUp);
    } else {
      this.#attempt.limit("body-idle", this.#settings.bodyIdleTimeoutMs);
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.#open?.push(chunk);
    if (this.#isSettled) return;
    if (this.#bytes + chunk.byteLength > this.#settings.maxResponseBytes) {
      this.#refuseSize();
      controller.abort(givenUp);
      return;
    }
    this.#bytes += chunk.byteLength;
    this.#chunks.push(chunk);
    this.#attempt.limit("body-idle", this.#settings.bodyIdleTimeoutMs);
  }

  onResponseEnd(): void {
    if (this.#open === undefined) this.#answer();
    else this.#open.end();
  }

  #handOut(
    controller: Dispatcher.DispatchController,
    { maxBytes, bodyIdleTimeoutMs }: Reading & { readonly kind: "open" },
  ): void {
    const [status, headers] = [this.#status, this.#headers];
    const body = new OpenBody(controller, { ...this.#about, status, bodyIdleTimeoutMs, maxBytes });
    const timings = { queueMs: this.#sentAt - this.#startedAt, waitMs: this.#answeredAt - this.#sentAt };
    this.#open = body;
    this.#settle({ kind: "success", status, value: { status, headers, body, timings }, remainder: body });
  }

  #answer(): void {
    const endedAt = this.#settings.clock.now();
    const [first] = this.#chunks;
    this.#settle({
      kind: "success",
      status: this.#status,
      value: {
        status: this.#status,
        headers: this.#headers,
        body: this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks, this.#bytes),
        timings: {
          queueMs: this.#sentAt - this.#startedAt,
          waitMs: this.#answeredAt - this.#sentAt,
          readMs: endedAt - this.#answeredAt,
        },
      },
    });
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#isSettled && this.#open === undefined) return;
    const { connectTimeoutMs } = this.#settings;
    const failure = wireFailure(error, {
      ...this.#about,
      phase: this.#attempt.phase,
      isSent: this.#isSent,
      connectTimeoutMs,
    });
    if (this.#open === undefined) this.#settle({ kind: "failure", failure });
    // The status was a success, and that is known whatever becomes of the body.
    else this.#open.fail({ ...failure, outcome: "accepted" });
  }

  get #about(): { service: string; operation: string } {
    return { service: this.#settings.service, operation: this.#request.operation };
  }

  #failBody(error: Error): void {
    if (this.#isSettled) return;
    const { phase, number } = this.#attempt;
    const at = { ...this.#about, phase, isSent: this.#isSent, isFirst: number === 1 };
    this.#settle({ kind: "failure", failure: bodyFailure(error, at) });
    this.#controller?.abort(givenUp);
  }

  #refuseSize(): void {
    const limit = this.#settings.maxResponseBytes;
    this.#refuse(
      "too-large",
      `the answer is larger than maxResponseBytes (${limit}); read on, it could fill the memory`,
    );
  }

  #refuse(fault: "encoding" | "too-large", detail: string): void {
    const status = this.#status;
    // What an error says is in its status and headers (a Retry-After); of its body, what could be read must do.
    if (status >= 400) {
      this.#answer();
      return;
    }
    const { service, operation } = this.#about;
    const phase: Phase = "body";
    this.#settle({
      kind: "failure",
      failure: {
        code: `decode-${fault}`,
        phase,
        outcome: status < 300 ? "accepted" : "rejected",
        status,
        verdict: "healthy",
        isTransient: false,
        toError: (facts) => new ServiceDecodeError(fault, { service, operation, phase, ...facts, status, detail }),
      },
    });
  }

  #settle(end: AttemptEnd<Answer | OpenAnswer>): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    // undici leaves a body that it never came to send as it was: with its file open, say.
    if (end.kind !== "success") this.#sending?.destroy();
    this.#resolve(end);
  }
}
