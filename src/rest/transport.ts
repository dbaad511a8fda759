import { Readable } from "node:stream";
import type { Dispatcher } from "undici";
// Not from "undici" itself: importing its index replaces the dispatcher of the built-in fetch for the whole process
// (with HTTP/2 on), and takes twice as long.
import Agent from "undici/lib/dispatcher/agent.js";
import type { Clock } from "../core/clock.ts";
import { type Phase, ServiceDecodeError } from "../core/errors.ts";
import type { Attempt, Interruption } from "../resilience/call.ts";
import { interruptedEnd } from "../resilience/interruption.ts";
import type { AttemptEnd } from "../resilience/outcome.ts";
import type { Answer, AnswerHeaders } from "./answer.ts";
import type { TlsOptions } from "../core/tls.ts";
import type { PreparedRequest } from "./request.ts";
import { bodyFailure, wireFailure } from "./wire-failure.ts";

/** What the transport is set up with, once per service. */
export interface TransportSettings {
  readonly service: string;
  readonly origin: string;
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  readonly bodyIdleTimeoutMs: number;
  readonly maxResponseBytes: number;
  readonly maxConnections: number;
  readonly tls: TlsOptions;
  /** Used instead of an agent of our own, and left open. */
  readonly dispatcher: Dispatcher | undefined;
}

/** Puts requests on the wire: the only file that knows undici. */
export class Transport {
  readonly #settings: TransportSettings;
  readonly #own: Agent | undefined;
  readonly #dispatcher: Dispatcher;

  constructor(settings: TransportSettings) {
    this.#settings = settings;
    this.#own = settings.dispatcher === undefined ? agentFor(settings) : undefined;
    this.#dispatcher = settings.dispatcher ?? (this.#own as Agent);
  }

  /** Makes one attempt. Never rejects; ends at once when the attempt is interrupted. */
  send(request: PreparedRequest, attempt: Attempt): Promise<AttemptEnd<Answer>> {
    return new Promise((resolve) => {
      const exchange = new Exchange(this.#settings, request, attempt, resolve);
      attempt.onInterrupt((interruption) => exchange.interrupt(interruption));
      try {
        const body = exchange.openBody();
        if (body === undefined) return;
        this.#dispatcher.dispatch(
          { origin: this.#settings.origin, path: request.path, method: request.method, headers: request.headers, body },
          exchange,
        );
      } catch (error) {
        // An injected dispatcher may throw where undici's own tell the handler.
        exchange.onResponseError(undefined, error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  /** Ends every connection of our own at once; calls are drained before. */
  async destroy(): Promise<void> {
    await this.#own?.destroy();
  }
}

function agentFor(settings: TransportSettings): Agent {
  return new Agent({
    connections: settings.maxConnections,
    pipelining: 1,
    allowH2: false,
    // A peer's shorter Keep-Alive hint wins. undici's own 4 s re-dials nearly every connection of a calm service.
    keepAliveTimeout: 60_000,
    connect: { timeout: settings.connectTimeoutMs, ...settings.tls },
    // Both are ours: one deadline list instead of two timers per request, and limits that hold in every phase.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

/** One request and its answer, as undici tells of it. Buffers the body without a stream in between. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #settings: TransportSettings;
  readonly #request: PreparedRequest;
  readonly #attempt: Attempt;
  readonly #resolve: (end: AttemptEnd<Answer>) => void;
  readonly #startedAt: number;
  #controller: Dispatcher.DispatchController | undefined;
  #isSettled = false;
  #isSent = false;
  #sentAt = 0;
  #answeredAt = 0;
  #status = 0;
  #headers: AnswerHeaders = {};
  #bytes = 0;
  readonly #chunks: Uint8Array[] = [];

  constructor(
    settings: TransportSettings,
    request: PreparedRequest,
    attempt: Attempt,
    resolve: (end: AttemptEnd<Answer>) => void,
  ) {
    this.#settings = settings;
    this.#request = request;
    this.#attempt = attempt;
    this.#resolve = resolve;
    this.#startedAt = settings.clock.now();
  }

  /** The body of this attempt; undefined where it cannot be had, and the attempt has ended with that. */
  openBody(): string | Uint8Array | Readable | null | undefined {
    try {
      const body = this.#request.body.open();
      // Before undici's own listener, which would tell it as an error of the connection.
      if (body instanceof Readable) body.once("error", (error) => this.#failBody(error));
      return body;
    } catch (error) {
      this.#failBody(error instanceof Error ? error : new Error(String(error)));
      return undefined;
    }
  }

  interrupt(interruption: Interruption): void {
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
    if (this.#request.method === "HEAD" || status === 204 || status === 304) return;
    const encoding = headers["content-encoding"];
    if (encoding !== undefined && String(encoding).toLowerCase() !== "identity") {
      this.#refuse("encoding", `the answer is encoded (${String(encoding)}) although no encoding was asked for`);
      controller.abort(givenUp);
    } else if (Number(headers["content-length"]) > this.#settings.maxResponseBytes && status < 400) {
      this.#refuseSize();
      controller.abort(givenUp);
    } else {
      this.#attempt.limit("body-idle", this.#settings.bodyIdleTimeoutMs);
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
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
    this.#answer();
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
    if (this.#isSettled) return;
    const { connectTimeoutMs } = this.#settings;
    const failure = wireFailure(error, {
      ...this.#about,
      phase: this.#attempt.phase,
      isSent: this.#isSent,
      connectTimeoutMs,
    });
    this.#settle({ kind: "failure", failure });
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

  #settle(end: AttemptEnd<Answer>): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#resolve(end);
  }
}

// Made once: an Error for each abort would cost more than the abort.
const givenUp = new Error("hawser gave this attempt up");
