import type { LookupFunction } from "node:net";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { Completed, Pipeline } from "../../src/resilience/pipeline.ts";
import { type Answer, isOpen, type OpenAnswer } from "../../src/rest/answer.ts";
import type { RESTServiceOptions } from "../../src/rest/options.ts";
import { readRESTOptions } from "../../src/rest/options.ts";
import type { PreparedRequest } from "../../src/rest/request.ts";
import { statusFailure } from "../../src/rest/status-failure.ts";
import { Transport } from "../../src/rest/transport.ts";

export interface CallMore extends Partial<PreparedRequest> {
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
  readonly maxBytes?: number;
}

/** A pipeline and a transport without a service around them. */
export class TransportCalls implements AsyncDisposable {
  readonly pipeline: Pipeline;
  readonly transport: Transport;
  readonly #clock: Clock;
  #started: Promise<void> | undefined;
  readonly #closeTimeoutMs: number;

  constructor(server: { readonly url: string }, options: Partial<RESTServiceOptions> = {}, lookup?: LookupFunction) {
    const settings = readRESTOptions({ name: "files", baseUrl: server.url, ...options }, "files");
    this.#clock = options.clock ?? systemClock;
    this.#closeTimeoutMs = settings.closeTimeoutMs;
    this.pipeline = new Pipeline({ service: "files", clock: this.#clock, random: () => 0, policies: [] });
    this.transport = new Transport({ ...settings, service: "files", origin: settings.base.origin, lookup });
  }

  /** GET, with the answer open. */
  async open(path: string, more: CallMore = {}): Promise<Completed<OpenAnswer>> {
    const { maxBytes } = more;
    await (this.#started ??= this.transport.start({}));
    const completed = await this.#execute(path, more, (request, attempt) =>
      this.transport.open(request, attempt, maxBytes === undefined ? {} : { maxBytes }),
    );
    const { value } = completed;
    if (!isOpen(value)) throw new Error("the answer is not open");
    return new Completed(value, completed.attempts, completed.elapsedMs);
  }

  async close(): Promise<void> {
    await this.pipeline.drain(this.#closeTimeoutMs);
    await this.transport.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #execute(
    path: string,
    more: CallMore,
    send: (...args: Parameters<Transport["open"]>) => ReturnType<Transport["open"]>,
  ): Promise<Completed<Answer | OpenAnswer>> {
    const { signal, deadlineMs = 30_000 } = more;
    const request: PreparedRequest = {
      method: "GET",
      path,
      operation: `GET ${path}`,
      // An open body has one reader: such a call is never coalesced.
      identity: undefined,
      isSigned: false,
      credentials: undefined,
      headers: {},
      body: { contentType: undefined, isReplayable: true, open: () => null },
      isRepeatable: true,
      isRepeatableLater: true,
      ...more,
    };
    return this.pipeline.execute<Answer | OpenAnswer>({
      operation: request.operation,
      deadlineMs,
      attemptTimeoutMs: 10_000,
      signals: signal === undefined ? [] : [signal],
      retry: { maxRetries: 2, baseDelayMs: 50, maxDelayMs: 20_000 },
      isRepeatable: request.isRepeatable,
      isRepeatableLater: request.isRepeatableLater,
      isReplayable: request.body.isReplayable,
      attempt: async (attempt) => {
        const end = await send(request, attempt);
        if (end.kind !== "success" || isOpen(end.value)) return end;
        const about = { service: "files", operation: request.operation, wallNow: this.#clock.wallNow() };
        const failure = statusFailure(end.value, about);
        return failure === undefined ? end : { kind: "failure", failure };
      },
    });
  }
}

/** Reads to the end. */
export async function textOfBody(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
