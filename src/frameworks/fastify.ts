import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import { currentDeadline, withDeadline } from "../core/deadline.ts";
import { OptionReader } from "../core/options.ts";
import type { RegisteredServices } from "../registry/register.ts";

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
export interface FastifyServices {
  start(): Promise<unknown>;
  stop(): Promise<unknown>;
}

export interface HawserFastifyOptions {
  readonly services: FastifyServices;
  /** For each request: all calls made within it end by then. Milliseconds, above 0. @defaultValue none */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * Whether `app.ready()` waits for the services to start, and fails where they do. Fastify waits for its own
   * `pluginTimeout`, 10 s unless told otherwise. @defaultValue true
   */
  readonly startOnReady?: boolean | undefined;
  /** Whether `app.close()` stops the services, after the requests under way have ended. @defaultValue true */
  readonly stopOnClose?: boolean | undefined;
}

/**
 * The Fastify plugin: decorates the application and each request with `services`, starts them before the application
 * is ready, and stops them when it closes.
 *
 * Every call that a handler makes belongs to its request: it ends when the client goes away before it was answered
 * (the handler then gets a {@link ClientGoneError}), and by `requestTimeoutMs`. What must outlive the request is begun
 * in `withoutDeadline`.
 */
export const hawser: FastifyPluginAsync<HawserFastifyOptions> = Object.assign(register, {
  // What fastify-plugin sets, which would be a dependency for three lines: the decorators and hooks are those of the
  // application, and not of a scope of this plugin's own.
  [Symbol.for("skip-override")]: true,
  [Symbol.for("fastify.display-name")]: "hawser",
  [Symbol.for("plugin-meta")]: { name: "hawser", fastify: ">=5" },
});

/** Why the calls of a request were ended: its client is gone, and nobody waits for what they would bring. */
export class ClientGoneError extends Error {
  override readonly name = "AbortError";
  /** Below 500, so that Fastify does not log the client's own doing as an error of ours. */
  readonly statusCode = 499;

  constructor() {
    super("the client went away before the request was answered");
  }
}

// Asynchronous although it awaits nothing: what a plugin with a callback throws is an uncaught exception.
async function register(app: FastifyInstance, options: HawserFastifyOptions): Promise<void> {
  const { services, requestTimeoutMs, startOnReady, stopOnClose } = readOptions(options);
  app.decorate("services", services as RegisteredServices);
  app.decorateRequest("services", { getter: () => services as RegisteredServices });
  if (startOnReady) app.addHook("onReady", async () => void (await services.start()));
  if (stopOnClose) app.addHook("onClose", async () => void (await services.stop()));
  addRequestScope(app, requestTimeoutMs);
}

function readOptions(options: HawserFastifyOptions): {
  readonly services: FastifyServices;
  readonly requestTimeoutMs: number | undefined;
  readonly startOnReady: boolean;
  readonly stopOnClose: boolean;
} {
  const reader = new OptionReader("hawser/fastify", options);
  const services = reader.withMethods<FastifyServices>("services", ["start", "stop"]);
  if (!reader.isGiven("services")) reader.problem("services is required: the result of defineServices()");
  const read = {
    requestTimeoutMs: reader.number("requestTimeoutMs", undefined, { min: 1 }),
    startOnReady: reader.boolean("startOnReady", true),
    stopOnClose: reader.boolean("stopOnClose", true),
  };
  // Fastify hands the plugin its own options as well.
  for (const name of ["prefix", "logLevel", "logSerializers"]) reader.any(name);
  reader.finish();
  return { ...read, services: services as FastifyServices };
}

type Enter = (work: () => void) => void;

function addRequestScope(app: FastifyInstance, requestTimeoutMs: number | undefined): void {
  const scopes = new WeakMap<FastifyRequest, Enter>();
  app.addHook("onRequest", (request, reply, next) => {
    const enter = requestScope(reply, requestTimeoutMs);
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

function requestScope(reply: FastifyReply, requestTimeoutMs: number | undefined): Enter {
  const gone = new AbortController();
  const { signal } = gone;
  const { raw } = reply;
  // Of the response: that of the request comes as soon as its body was read. It comes once, and takes the listener
  // with it, whether the answer was sent or the connection broke.
  raw.once("close", () => {
    if (!raw.writableEnded) gone.abort(new ClientGoneError());
  });
  const endsAt = requestTimeoutMs === undefined ? undefined : performance.now() + requestTimeoutMs;
  return (work) => {
    if (currentDeadline()?.signals.includes(signal)) work();
    else withDeadline(endsAt === undefined ? { signal } : { signal, deadlineMs: leftUntil(endsAt) }, work);
  };
}

// A deadline of the past is none; calls made now are to fail by it.
const leftUntil = (endsAt: number): number => Math.max(Number.MIN_VALUE, endsAt - performance.now());
