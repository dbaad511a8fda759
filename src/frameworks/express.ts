import type { ErrorRequestHandler, Request, RequestHandler } from "express";
import type { AnswerForError } from "../core/error-answer.ts";
import type { Logger } from "../core/logger.ts";
import { OptionReader } from "../core/options.ts";
import type { RegisteredServices } from "../registry/register.ts";
import { requestLogger } from "./request-logger.ts";
import {
  type AdapterServices,
  clientGone,
  type EnterRequest,
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

// The global one: the module that declares Express's types is a dependency of theirs, which not every install shows.
declare global {
  namespace Express {
    interface Request {
      /** The registry that the middleware was given; typed by `Register`. */
      readonly services: RegisteredServices;
    }
    interface Locals {
      readonly services: RegisteredServices;
    }
  }
}

export interface HawserExpressOptions {
  /** The result of `defineServices`, or a `scope()` of it. */
  readonly services: AdapterServices;
  /** For each request: all calls made within it end by then. Milliseconds, above 0. @defaultValue none */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * The logger of a request, which takes the lines about its calls.
   * @defaultValue `request.log`, which pino-http sets; else none, and those of the services take them
   */
  readonly loggerFor?: ((request: Request) => Logger | undefined) | undefined;
}

/** What {@link answerErrors} takes. */
export interface ExpressErrorOptions {
  /** What is answered where a call to a service failed. @defaultValue answerForError */
  readonly answerFor?: AnswerForError | undefined;
}

/**
 * The Express middleware, before the routes: `app.use(hawser({ services }))`. Handlers find the registry as
 * `request.services` and `response.locals.services`.
 *
 * Every call that a handler makes belongs to its request: it ends when the client goes away before it was answered
 * (the handler then gets a {@link ClientGoneError}), and by `requestTimeoutMs`; it writes to the request's logger, and
 * sends the request's `traceparent` on. What must outlive the request is begun in `withoutDeadline`. Express has no
 * start and no end of its own: the application starts the services before it listens, and stops them after its server
 * was closed ({@link closeServer}).
 *
 * `express.json()` and the like may stand on either side. A middleware that reads the body with listeners of its own
 * goes on outside of the request: use this one before it, for the time it takes to count, and once more after it.
 *
 * @throws ServiceConfigurationError with every problem of the options at once.
 */
export function hawser(options: HawserExpressOptions): RequestHandler {
  const reader = new OptionReader("hawser/express", options);
  const services = readServices(reader);
  const requestTimeoutMs = readRequestTimeout(reader);
  const loggerFor = reader.function<(request: Request) => Logger | undefined>("loggerFor") ?? requestLogger;
  reader.finish();
  const scopes = new WeakMap<Request, EnterRequest>();
  return (request, response, next) => {
    let enter = scopes.get(request);
    if (enter === undefined) {
      enter = requestScope({
        services,
        signal: clientGone(response).signal,
        timeoutMs: requestTimeoutMs,
        logger: loggerFor(request),
        traceparent: request.headers["traceparent"],
        tracestate: request.headers["tracestate"],
      });
      scopes.set(request, enter);
      Object.assign(request, { services });
      Object.assign(response.locals, { services });
    }
    enter(next);
  };
}

/**
 * An error handler that answers for the services, after the routes: `app.use(answerErrors())`. It tells the client what
 * `answerForError` says, and nothing of the service; all other errors go on to the next handler.
 *
 * @throws ServiceConfigurationError with every problem of the options at once.
 */
export function answerErrors(options: ExpressErrorOptions = {}): ErrorRequestHandler {
  const reader = new OptionReader("hawser/express", options);
  const answerFor = readAnswerFor(reader);
  reader.finish();
  // Four parameters, for by their number Express tells an error handler from any other.
  return (error: unknown, _request, response, next) => {
    const answer = response.headersSent ? undefined : answerFor(error);
    if (answer === undefined) {
      next(error);
      return;
    }
    reportUncalled(error, answer, sayOnConsole);
    for (const name of headersOfAnswer) response.removeHeader(name);
    response.status(answer.status).set(answer.headers).send(JSON.stringify(answer.body));
  };
}
