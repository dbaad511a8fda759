import type { ServerResponse } from "node:http";
import { ClientGoneError } from "../core/client-gone.ts";
import { answerForError, type AnswerForError, type ErrorAnswer } from "../core/error-answer.ts";
import { isServiceUnavailableError, type UnavailableReason } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { OptionReader } from "../core/options.ts";
import { currentRequest, type TraceHeaders, withRequest } from "../core/request-scope.ts";
import type { RegisteredServices } from "../registry/register.ts";

export { ClientGoneError } from "../core/client-gone.ts";

/** What an adapter needs of a registry; each `defineServices` result fits. */
export interface AdapterServices {
  start(): Promise<unknown>;
  stop(): Promise<unknown>;
  /** Where it is a scope of a registry: within `work`, that registry hands out what this one has. */
  run?<T>(work: () => T): T;
}

/** What all calls of one incoming request have in common. */
export interface IncomingRequest {
  readonly services: AdapterServices;
  /** Aborts when nobody waits for the answer any more. Of this request alone. */
  readonly signal: AbortSignal;
  /** Milliseconds from now; undefined for none. */
  readonly timeoutMs?: number | undefined;
  readonly logger?: Logger | undefined;
  /** As the headers of the request have them. */
  readonly traceparent?: TraceHeaders["traceparent"];
  readonly tracestate?: TraceHeaders["tracestate"];
}

/** Runs work as part of the request that it was made for. */
export type EnterRequest = <T>(work: () => T) => T;

/**
 * The scope of one incoming request, to be entered as often as it is lost: what reads a raw body with listeners of its
 * own goes on in the async context of the socket. Where the running code is in it already, it costs a look.
 */
export function requestScope(request: IncomingRequest): EnterRequest {
  const { services, signal, timeoutMs, logger, traceparent, tracestate } = request;
  const endsAt = timeoutMs === undefined ? undefined : performance.now() + timeoutMs;
  const trace = { traceparent, tracestate };
  return (work) => {
    if (currentRequest()?.signals.includes(signal) === true) return work();
    const deadlineMs = endsAt === undefined ? undefined : leftUntil(endsAt);
    const inScope = (): ReturnType<typeof work> => withRequest({ signal, deadlineMs, logger, trace }, work);
    return services.run === undefined ? inScope() : services.run(inScope);
  };
}

/** What aborts, with a {@link ClientGoneError}, when the connection of a response breaks before it was sent. */
export function clientGone(response: ServerResponse): AbortController {
  const gone = new AbortController();
  const end = (): void => {
    if (!response.writableEnded) gone.abort(new ClientGoneError());
  };
  // What runs before us may take its time, and the client may be gone by then.
  if (isClosed(response)) end();
  // Of the response: that of the request comes as soon as its body was read. It comes once, and takes the listener
  // with it, whether the answer was sent or the connection broke.
  else response.once("close", end);
  return gone;
}

/** A response of HTTP/2 does not say it of itself, but of its stream. */
function isClosed(response: ServerResponse & { readonly stream?: { readonly destroyed: boolean } }): boolean {
  return response.destroyed || response.stream?.destroyed === true;
}

/** Reads `services`, which every adapter needs; problems are reported by `reader.finish()`. */
export function readServices(reader: OptionReader): AdapterServices {
  const services = reader.withMethods<AdapterServices>("services", ["start", "stop"]);
  if (!reader.isGiven("services")) reader.problem("services is required: the result of defineServices()");
  return services as AdapterServices;
}

/** As the application has told the types by `Register`, which is the one place where an adapter learns of it. */
export function asRegistered(services: AdapterServices): RegisteredServices {
  return services as unknown as RegisteredServices;
}

/** Reads `requestTimeoutMs`, likewise. */
export function readRequestTimeout(reader: OptionReader): number | undefined {
  return reader.number("requestTimeoutMs", undefined, { min: 1 });
}

/** Reads `answerFor`, likewise. */
export function readAnswerFor(reader: OptionReader): AnswerForError {
  return reader.function<AnswerForError>("answerFor") ?? answerForError;
}

/**
 * Writes down what came to no call, and so is in no log: a mistake of the application's, and a service that is asked
 * for while it is not started, or no more. Whoever answers an error keeps the framework from saying it.
 *
 * @param otherwise - Takes it where the request has no logger of its own.
 */
export function reportUncalled(error: unknown, answer: ErrorAnswer, otherwise: (error: unknown) => void): void {
  const isOutsideItsLife = isServiceUnavailableError(error) && outsideItsLife.has(error.reason);
  if (answer.status !== 500 && !isOutsideItsLife) return;
  const logger = currentRequest()?.logger;
  if (logger === undefined) otherwise(error);
  else logger.error({ err: error }, "a request failed, and no service was called");
}

const outsideItsLife: ReadonlySet<UnavailableReason> = new Set(["not-started", "draining", "stopped"]);

/** Where Express and Hono themselves say what nobody took. */
// oxlint-disable-next-line no-console
export const sayOnConsole = (error: unknown): void => console.error(error);

/**
 * What a handler may have said of the answer that it was about to give, before the call for it failed: each adapter
 * takes it back. A coding that the other body is not in, or a length that it has not, makes it unreadable.
 */
export const headersOfAnswer: readonly string[] = [
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-length",
  "content-range",
  "etag",
  "last-modified",
];

/** True for what a framework has instead of a logger where none was asked for; a silent pino was asked for. */
export function isNoLogger(logger: Logger): boolean {
  return logger.warn === logger.debug && !("level" in logger);
}

// A deadline of the past is none; calls made now are to fail by it.
const leftUntil = (endsAt: number): number => Math.max(Number.MIN_VALUE, endsAt - performance.now());
