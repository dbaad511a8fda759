import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import type { AnswerForError } from "../core/error-answer.ts";
import { OptionReader } from "../core/options.ts";
import type { RegisteredServices } from "../registry/register.ts";
import { endConnectionsUntilClosed } from "./close-server.ts";
import {
  asRegistered,
  type AdapterServices,
  clientGone,
  type EnterRequest,
  headersOfAnswer,
  isNoLogger,
  readAnswerFor,
  readRequestTimeout,
  readServices,
  reportUncalled,
  requestScope,
} from "./request-scope.ts";

export type { AnswerForError, ErrorAnswer, ProblemBody } from "../core/error-answer.ts";
export { type AdapterServices, ClientGoneError } from "./request-scope.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** The registry that the plugin was given; typed by `Register`. */
    readonly services: RegisteredServices;
  }
  interface FastifyRequest {
    readonly services: RegisteredServices;
  }
}

/** What the plugin needs of a registry; each `defineServices` result fits. */
export type FastifyServices = AdapterServices;

export interface HawserFastifyOptions {
  /** The result of `defineServices`, or a `scope()` of it. */
  readonly services: FastifyServices;
  /**
   * For each request: all calls made within it end by then. Milliseconds, above 0. Fastify's own `handlerTimeout`
   * counts as well, where it is earlier. @defaultValue none
   */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * What is answered where a call to a service failed and the handler let its error through; `false` leaves all errors
   * to Fastify. It is set as the error handler of the application, and only if none was set before: one of your own
   * wins, set before this plugin has run, or in a plugin's scope, or for a route. @defaultValue answerForError
   */
  readonly answerFor?: AnswerForError | false | undefined;
  /**
   * Whether `app.ready()` waits for the services to start, and fails where they do. Fastify waits for its own
   * `pluginTimeout`, 10 s unless told otherwise. @defaultValue true
   */
  readonly startOnReady?: boolean | undefined;
  /**
   * Whether `app.close()` stops the services, after the requests under way have ended. Connections that become idle
   * meanwhile are closed, and do not make it wait for their keep-alive time. @defaultValue true
   */
  readonly stopOnClose?: boolean | undefined;
}

/**
 * The Fastify plugin: decorates the application and each request with `services`, starts them before the application
 * is ready, and stops them when it closes.
 *
 * Every call that a handler makes belongs to its request: it ends when the client goes away before it was answered
 * (the handler then gets a {@link ClientGoneError}), by `requestTimeoutMs`, and by Fastify's `handlerTimeout`; it
 * writes to `request.log`, and sends the request's `traceparent` on. What must outlive the request is begun in
 * `withoutDeadline`.
 */
export const hawser: FastifyPluginAsync<HawserFastifyOptions> = Object.assign(register, {
  // What fastify-plugin sets, which would be a dependency for three lines: the decorators and hooks are those of the
  // application, and not of a scope of this plugin's own.
  [Symbol.for("skip-override")]: true,
  [Symbol.for("fastify.display-name")]: "hawser",
  [Symbol.for("plugin-meta")]: { name: "hawser", fastify: ">=5" },
});

// Asynchronous although it awaits nothing: what a plugin with a callback throws is an uncaught exception.
async function register(app: FastifyInstance, options: HawserFastifyOptions): Promise<void> {
  const { services, requestTimeoutMs, answerFor, startOnReady, stopOnClose } = readOptions(options);
  app.decorate("services", asRegistered(services));
  app.decorateRequest("services", { getter: () => asRegistered(services) });
  if (startOnReady) app.addHook("onReady", async () => void (await services.start()));
  if (stopOnClose) {
    app.addHook("preClose", async () => endConnectionsUntilClosed(app.server));
    app.addHook("onClose", async () => void (await services.stop()));
  }
  addRequestScope(app, services, requestTimeoutMs);
  if (answerFor !== undefined && isDefault(app.errorHandler)) addErrorAnswers(app, answerFor);
}

function readOptions(options: HawserFastifyOptions): {
  readonly services: AdapterServices;
  readonly requestTimeoutMs: number | undefined;
  readonly answerFor: AnswerForError | undefined;
  readonly startOnReady: boolean;
  readonly stopOnClose: boolean;
} {
  const reader = new OptionReader("hawser/fastify", options);
  const read = {
    services: readServices(reader),
    requestTimeoutMs: readRequestTimeout(reader),
    answerFor: reader.any("answerFor") === false ? undefined : readAnswerFor(reader),
    startOnReady: reader.boolean("startOnReady", true),
    stopOnClose: reader.boolean("stopOnClose", true),
  };
  // Fastify hands the plugin its own options as well.
  for (const name of ["prefix", "logLevel", "logSerializers"]) reader.any(name);
  reader.finish();
  return read;
}

function addRequestScope(app: FastifyInstance, services: AdapterServices, requestTimeoutMs: number | undefined): void {
  const scopes = new WeakMap<FastifyRequest, EnterRequest>();
  app.addHook("onRequest", (request, reply, next) => {
    const enter = scopeOf(request, reply, services, requestTimeoutMs);
    scopes.set(request, enter);
    enter(next);
  });
  // Fastify's own parsers keep the context; a hook that reads the raw body goes on in that of the socket.
  app.addHook("preValidation", (request, _reply, next) => {
    const enter = scopes.get(request);
    if (enter === undefined) next();
    else enter(next);
  });
}

function scopeOf(
  request: FastifyRequest,
  reply: FastifyReply,
  services: AdapterServices,
  requestTimeoutMs: number | undefined,
): EnterRequest {
  const gone = clientGone(reply.raw);
  const { handlerTimeout } = request.routeOptions;
  if (handlerTimeout > 0) endWithHandler(request, gone);
  const { log, headers } = request;
  return requestScope({
    services,
    signal: gone.signal,
    timeoutMs: handlerTimeout > 0 ? Math.min(handlerTimeout, requestTimeoutMs ?? handlerTimeout) : requestTimeoutMs,
    logger: isNoLogger(log) ? undefined : log,
    traceparent: headers.traceparent,
    tracestate: headers["tracestate"],
  });
}

/**
 * Ends the calls when Fastify gives the handler up. Its signal is asked for the reason alone: it also aborts, without
 * one, as soon as the body of the request was read.
 */
function endWithHandler({ signal }: FastifyRequest, gone: AbortController): void {
  signal.addEventListener("abort", () => {
    const reason: unknown = signal.reason;
    if (reason instanceof Error && "code" in reason && reason.code === "FST_ERR_HANDLER_TIMEOUT") gone.abort(reason);
  });
}

// Fastify tells by nothing else that no handler was set, and to set a second one in the same scope makes it warn.
const isDefault = (handler: FastifyInstance["errorHandler"]): boolean => handler.name === "defaultErrorHandler";

function addErrorAnswers(app: FastifyInstance, answerFor: AnswerForError): void {
  app.setErrorHandler((error, request, reply) => {
    const answer = answerFor(error);
    // Thrown on, it goes to the handler that would have got it without us.
    if (answer === undefined) throw error;
    reportUncalled(error, answer, () => request.log.error(error));
    for (const name of headersOfAnswer) reply.removeHeader(name);
    // As text: a schema of the route for its own errors would drop what it does not know.
    return reply.code(answer.status).headers(answer.headers).send(JSON.stringify(answer.body));
  });
}
