import type { Context, ErrorHandler, MiddlewareHandler } from "hono";
import type { StatusCode } from "hono/utils/http-status";
import { ClientGoneError } from "../core/client-gone.ts";
import type { AnswerForError } from "../core/error-answer.ts";
import type { Logger } from "../core/logger.ts";
import { OptionReader } from "../core/options.ts";
import type { RegisteredServices } from "../registry/register.ts";
import {
  asRegistered,
  type AdapterServices,
  headersOfAnswer,
  readAnswerFor,
  readRequestTimeout,
  readServices,
  reportUncalled,
  requestScope,
  sayOnConsole,
} from "./request-scope.ts";

export { type ClosableServer, closeServer, type CloseServerOptions } from "./close-server.ts";
export type { AnswerForError, ErrorAnswer, ProblemBody } from "../core/error-answer.ts";
export type { Logger, LogMethod } from "../core/logger.ts";
export { type AdapterServices, ClientGoneError } from "./request-scope.ts";

declare module "hono" {
  interface ContextVariableMap {
    /** The registry that the middleware was given; typed by `Register`. */
    readonly services: RegisteredServices;
  }
}

export interface HawserHonoOptions {
  /** The result of `defineServices`, or a `scope()` of it. */
  readonly services: AdapterServices;
  /** For each request: all calls made within it end by then. Milliseconds, above 0. @defaultValue none */
  readonly requestTimeoutMs?: number | undefined;
  /** The logger of a request, which takes the lines about its calls. @defaultValue none: those of the services do */
  readonly loggerFor?: ((context: Context) => Logger | undefined) | undefined;
}

/** What {@link answerErrors} takes. */
export interface HonoErrorOptions {
  /** What is answered where a call to a service failed. @defaultValue answerForError */
  readonly answerFor?: AnswerForError | undefined;
  /** Takes every other error. @defaultValue what Hono does without an error handler: a plain 500 */
  readonly otherwise?: ErrorHandler | undefined;
}

/**
 * The Hono middleware, before the routes: `app.use(hawser({ services }))`. Handlers find the registry as
 * `c.var.services`.
 *
 * Every call that a handler makes belongs to its request: it ends when the client goes away before it was answered
 * (the handler then gets a {@link ClientGoneError}), and by `requestTimeoutMs`; it sends the request's `traceparent`
 * on. What must outlive the request is begun in `withoutDeadline`. Hono has no start and no end of its own: the
 * application starts the services before it listens, and stops them after its server was closed ({@link closeServer}).
 *
 * @throws ServiceConfigurationError with every problem of the options at once.
 */
export function hawser(options: HawserHonoOptions): MiddlewareHandler {
  const reader = new OptionReader("hawser/hono", options);
  const services = readServices(reader);
  const requestTimeoutMs = readRequestTimeout(reader);
  const loggerFor = reader.function<(context: Context) => Logger | undefined>("loggerFor");
  reader.finish();
  return async (context, next) => {
    context.set("services", asRegistered(services));
    const enter = requestScope({
      services,
      signal: clientGoneSignal(context.req.raw.signal),
      timeoutMs: requestTimeoutMs,
      logger: loggerFor?.(context),
      traceparent: context.req.header("traceparent"),
      tracestate: context.req.header("tracestate"),
    });
    await enter(next);
  };
}

/**
 * An error handler that answers for the services: `app.onError(answerErrors())`. It tells the client what
 * `answerForError` says, and nothing of the service; all other errors go on.
 *
 * @throws ServiceConfigurationError with every problem of the options at once.
 */
export function answerErrors(options: HonoErrorOptions = {}): ErrorHandler {
  const reader = new OptionReader("hawser/hono", options);
  const answerFor = readAnswerFor(reader);
  const otherwise = reader.function<ErrorHandler>("otherwise") ?? answerPlainly;
  reader.finish();
  return (error, context) => {
    const answer = answerFor(error);
    if (answer === undefined) return otherwise(error, context);
    reportUncalled(error, answer, sayOnConsole);
    for (const name of headersOfAnswer) context.header(name, undefined);
    // By the context: what the application has set for every answer, such as the id of the request, is to be there.
    return context.newResponse(JSON.stringify(answer.body), {
      status: answer.status as StatusCode,
      headers: answer.headers,
    });
  };
}

/** A signal of ours for that of the request: servers give theirs a text for a reason, or none. */
function clientGoneSignal(signal: AbortSignal): AbortSignal {
  const gone = new AbortController();
  const end = (): void => gone.abort(new ClientGoneError());
  if (signal.aborted) end();
  else signal.addEventListener("abort", end, { once: true });
  return gone.signal;
}

const answerPlainly: ErrorHandler = (error, context) => {
  if ("getResponse" in error) {
    const response = error.getResponse();
    return context.newResponse(response.body, response);
  }
  // As Hono's own handler does, which cannot be called from here.
  sayOnConsole(error);
  return context.text("Internal Server Error", 500);
};
