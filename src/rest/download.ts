import type { Writable } from "node:stream";
import {
  type ExternalServiceError,
  isExternalServiceError,
  isServiceResponseError,
  ServiceConnectionError,
  ServiceDecodeError,
} from "../core/errors.ts";
import { OptionReader } from "../core/options.ts";
import type { AnswerHeaders } from "./answer.ts";
import type { Caller } from "./caller.ts";
import { contentLength, parseContentRange, strongValidator, unsatisfiedTotal } from "./content-range.ts";
import { FileSink, type Sink, StreamSink } from "./download-sink.ts";
import type { CallOptions } from "./request.ts";
import { readResume, type ResumeLimits, type ResumeOptions, Resumption } from "./resumption.ts";
import type { StreamedResponse } from "./streamed-response.ts";

/** How far a download has come. It goes back where the download has to start anew. */
export interface DownloadProgress {
  readonly receivedBytes: number;
  /** Undefined where the service does not tell. */
  readonly totalBytes: number | undefined;
}

/** Where a download goes, and how it is taken up again. */
export interface DownloadOptions extends CallOptions {
  /**
   * The path of a file, which is there when it is whole and not before; one that was there is replaced. Or a stream,
   * which is ended. A stream cannot start anew, so there a changed file is an error.
   */
  readonly to: string | Writable;
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** How to go on after a broken connection; `false` for not at all. */
  readonly reconnect?: boolean | ResumeOptions | undefined;
  /** No more than these are written. @defaultValue Infinity */
  readonly maxBytes?: number | undefined;
  /** For all connections together. @defaultValue the service's own */
  readonly deadlineMs?: number | undefined;
}

/** A download that is whole. */
export interface Downloaded {
  readonly bytes: number;
  /** False where the service answered 304 to a condition of yours; nothing was written then. */
  readonly isModified: boolean;
  /** How many connections it took. */
  readonly connections: number;
  /** Of the first answer that it was made of. */
  readonly headers: AnswerHeaders;
}

/** @throws ServiceConfigurationError for options that are wrong, before any I/O. */
export async function download(caller: Caller, endpoint: string, options: DownloadOptions): Promise<Downloaded> {
  const { to, onProgress, reconnect, maxBytes, ...call } = options;
  const reader = new OptionReader(caller.service, { to, onProgress, reconnect, maxBytes });
  const stream = typeof to === "string" ? undefined : reader.withMethods<Writable>("to", ["write", "end", "destroy"]);
  if (reader.any("to") === undefined || to === "") reader.problem("to is required: the path of a file, or a stream");
  reader.function("onProgress");
  const resume = readResume(reader, "reconnect", true);
  const limitBytes = reader.number("maxBytes", Number.POSITIVE_INFINITY, { min: 1, whole: true });
  reader.finish();
  const sink = stream === undefined ? await FileSink.open(to as string) : new StreamSink(stream);
  try {
    const transfer = new Transfer(caller, endpoint, { sink, call, onProgress, resume, maxBytes: limitBytes });
    const done = await transfer.run();
    if (done.isModified) await sink.finish();
    else await sink.leave();
    return done;
  } catch (error) {
    await sink.discard(error);
    throw error;
  }
}

interface Plan {
  readonly sink: Sink;
  readonly call: CallOptions;
  readonly onProgress: ((progress: DownloadProgress) => void) | undefined;
  readonly resume: ResumeLimits | undefined;
  readonly maxBytes: number;
}

/** One download over as many connections as it takes. */
class Transfer {
  readonly #caller: Caller;
  readonly #endpoint: string;
  readonly #plan: Plan;
  readonly #resumption: Resumption;
  #received = 0;
  #total: number | undefined;
  /** What makes sure that a part belongs to what is there already. Undefined: there is no going on, only anew. */
  #validator: string | undefined;
  #headers: AnswerHeaders = {};
  #connections = 0;
  /** Bytes of a 200 that are there already. */
  #toSkip = 0;

  constructor(caller: Caller, endpoint: string, plan: Plan) {
    this.#caller = caller;
    this.#endpoint = endpoint;
    this.#plan = plan;
    const { signal, deadlineMs = caller.deadlineMs } = plan.call;
    this.#resumption = new Resumption(caller, plan.resume, { signal, deadlineMs });
  }

  async run(): Promise<Downloaded> {
    for (;;) {
      let over: ExternalServiceError;
      try {
        await using response = await this.#connect();
        if (response.status === 304) return this.#done(false, response.headers);
        const end = await this.#begin(response);
        await this.#read(response);
        if (this.#total === undefined || this.#received === this.#total) return this.#done(true, this.#headers);
        // A service may send less than was asked for; what is left is asked for at once.
        if (end !== undefined && this.#received === end + 1) continue;
        over = this.#shortError(response);
      } catch (error) {
        if (!isExternalServiceError(error)) throw error;
        if (isServiceResponseError(error) && error.status === 416 && this.#received > 0) {
          // Broken off after the last byte, and nobody had told how many there are.
          if (unsatisfiedTotal(error.headers) === this.#received) return this.#done(true, this.#headers);
          await this.#startAnew("the service has less of it now than was there before");
        } else if (!error.retryable) throw error;
        over = error;
      }
      await this.#resumption.wait(over);
    }
  }

  #done(isModified: boolean, headers: AnswerHeaders): Downloaded {
    return { bytes: this.#received, isModified, connections: this.#connections, headers };
  }

  async #connect(): Promise<StreamedResponse> {
    if (this.#received > 0 && this.#validator === undefined) {
      await this.#startAnew("the service gives nothing to tell by whether it has changed");
    }
    const { call, resume } = this.#plan;
    const range = this.#received > 0 ? { range: `bytes=${this.#received}-`, "if-range": this.#validator } : {};
    this.#connections += 1;
    return this.#caller.open("GET", this.#endpoint, {
      ...call,
      deadlineMs: this.#resumption.remainingMs,
      ...(resume === undefined ? {} : { maxRetries: 0 }),
      // Ranges are of what is sent; of something compressed, they would be parts of nothing.
      headers: { ...call.headers, "accept-encoding": "identity", ...range },
    });
  }

  /** Whether what comes belongs to what is there. Answers where a part ends, for it may end before the whole does. */
  async #begin(response: StreamedResponse): Promise<number | undefined> {
    const { status, headers } = response;
    this.#toSkip = 0;
    if (response.isDecoded) throw this.#encodedError(response);
    if (status === 206) {
      const range = parseContentRange(headers);
      const etag = response.header("etag");
      const isOther = etag !== undefined && this.#validator?.startsWith('"') === true && etag !== this.#validator;
      const isAnotherTotal = range?.total !== undefined && this.#total !== undefined && range.total !== this.#total;
      if (this.#received === 0 || range?.start !== this.#received || isOther || isAnotherTotal) {
        const detail = `the part that came is not the one that was asked for, from byte ${this.#received}`;
        await this.#startAnew(detail, response);
        // Asked for anew from the beginning, and counted as a failure, for it may go on like this.
        throw this.#rangeError(detail, response, true);
      }
      this.#total ??= range.total;
      return range.end;
    }
    const validator = strongValidator(headers);
    // The whole once more. Where it certainly is the same, what is there already is passed over.
    const isSame = this.#received > 0 && validator !== undefined && validator === this.#validator;
    if (isSame) this.#toSkip = this.#received;
    else if (this.#received > 0) await this.#startAnew("it has changed since the download began", response);
    this.#validator = validator;
    this.#total = contentLength(headers);
    this.#headers = headers;
    return undefined;
  }

  async #read(response: StreamedResponse): Promise<void> {
    const { sink, call, onProgress, maxBytes } = this.#plan;
    const failed = new AbortController();
    response.whenFailed((thrown) => failed.abort(thrown));
    if ((this.#total ?? 0) > maxBytes) throw this.#tooLarge(response);
    for await (const all of response.body) {
      const piece = this.#toSkip === 0 ? all : all.subarray(Math.min(this.#toSkip, all.byteLength));
      this.#toSkip -= all.byteLength - piece.byteLength;
      if (piece.byteLength === 0) continue;
      if (this.#received + piece.byteLength > Math.min(maxBytes, this.#total ?? maxBytes)) {
        throw this.#total === undefined || maxBytes < this.#total
          ? this.#tooLarge(response)
          : this.#rangeError(`more came than the ${this.#total} bytes that it has`, response, false);
      }
      await sink.write(piece);
      this.#received += piece.byteLength;
      this.#resumption.succeeded();
      onProgress?.({ receivedBytes: this.#received, totalBytes: this.#total });
      // What has arrived whole is under no call any more.
      call.signal?.throwIfAborted();
      await sink.ready(failed.signal);
    }
  }

  async #startAnew(why: string, response?: StreamedResponse): Promise<void> {
    if (!(await this.#plan.sink.restart())) {
      throw this.#rangeError(`${why}, and a stream cannot start anew`, response, false);
    }
    this.#received = 0;
    this.#validator = undefined;
    this.#total = undefined;
  }

  #shortError(response: StreamedResponse): ServiceConnectionError {
    return new ServiceConnectionError("reset", {
      ...this.#facts(response),
      retryable: true,
      detail: `the connection ended after ${this.#received} of ${this.#total ?? "?"} bytes`,
    });
  }

  #rangeError(detail: string, response: StreamedResponse | undefined, retryable: boolean): ServiceDecodeError {
    return new ServiceDecodeError("range", { ...this.#facts(response), retryable, detail });
  }

  #tooLarge(response: StreamedResponse): ServiceDecodeError {
    const detail = `the download is larger than maxBytes (${this.#plan.maxBytes})`;
    return new ServiceDecodeError("too-large", { ...this.#facts(response), detail });
  }

  #encodedError(response: StreamedResponse): ServiceDecodeError {
    // Decoded, its parts could not be told from those of what was sent; and a file that is compressed is to stay so.
    const detail =
      "the answer was encoded although that was not asked for, so there is no going on in the middle of it";
    return new ServiceDecodeError("encoding", { ...this.#facts(response), detail });
  }

  #facts(response: StreamedResponse | undefined): {
    readonly service: string;
    readonly operation: string;
    readonly phase: "body";
    readonly outcome: "accepted";
    readonly status: number | undefined;
  } {
    const operation = `GET ${this.#endpoint.split("?", 1)[0] ?? ""}`;
    return {
      service: this.#caller.service,
      operation,
      phase: "body",
      outcome: "accepted",
      status: response?.status,
    };
  }
}
