import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type Answer, encodeAnswer, problem, unauthorized } from "./answer.ts";
import {
  type Controlled,
  type FaultControl,
  addFaultRoutes,
  createRouter,
  isControlPath,
  sendAnswer,
  serverFor,
} from "./control.ts";
import { type ActiveFault, FaultList, latencyOf } from "./faults.ts";
import { type Listener, listen, urlOf } from "./listen.ts";
import { pause } from "./pause.ts";
import { RequestLog } from "./request-log.ts";
import { resetSocket } from "./reset.ts";
import { type RestFault, restFaultKinds } from "./rest-faults.ts";

/** A request whose body was read, as a handler sees it. */
export interface Call {
  readonly body: unknown;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  /** The `Idempotency-Key`. */
  readonly key: string | undefined;
  /** The `X-Request-Id`. */
  readonly requestId: string | undefined;
  /** Resolves when the time that a `latency` fault makes the work take is over. */
  readonly worked: Promise<void>;
}

/** A route behind the API key, or behind whatever {@link RestService.isAllowed} wants. */
export interface Route {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly handle: (call: Call) => Answer | Promise<Answer>;
}

/** What a REST service does, without a socket. */
export interface RestService {
  /** Whether a request with this `Authorization` may use the routes; else it gets a 401. */
  isAllowed(authorization: string | undefined): boolean;
  readonly routes: readonly Route[];
  /** The path below which bodies are forms. */
  readonly formsAt?: string;
  /** Told of every request whose body was read, also of one that is then refused. */
  see(key: string | undefined): void;
  /** Where the control surface shows `report()` and, with DELETE, does `clear()`. */
  readonly controlPath: string;
  report(): unknown;
  clear(): void;
  /** With PUT on `controlPath`: changes how the service works from now on. Answers what is wrong, if anything is. */
  configure?(settings: unknown): string | undefined;
}

/** A REST service on a port. */
export interface RestServer extends Controlled {
  readonly url: string;
  close(): Promise<void>;
}

type Strikes = readonly ActiveFault<RestFault>[];

/** Puts a service on a port, with `/health`, the control surface and faults on demand. */
export async function startRestServer(service: RestService, port: number, closing: AbortSignal): Promise<RestServer> {
  const faults = new FaultList<RestFault>(restFaultKinds);
  const struck = new WeakMap<IncomingMessage, Strikes>();
  const log = new RequestLog();
  const app = createRouter(service.formsAt);
  app.addHook("onRequest", admit);
  app.setNotFoundHandler((request, reply) =>
    exchange(request, reply, () => problem(404, "Not found", "No such path.")),
  );
  app.setErrorHandler<Error & { readonly statusCode?: number }>((error, request, reply) =>
    deliver(request, reply, problem(error.statusCode ?? 500, "Bad request", error.message)),
  );
  app.get("/health", (request, reply) => exchange(request, reply, () => ({ status: 200, body: { status: "pass" } })));
  for (const route of service.routes) {
    const handler = (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
      log.read(reply.raw);
      service.see(keyOf(request));
      return exchange(request, reply, (call) =>
        service.isAllowed(request.headers.authorization) ? route.handle(call) : unauthorized(),
      );
    };
    app.route({ method: route.method, url: route.path, handler });
  }
  addControlRoutes(app);
  await app.ready();
  const listener: Listener = await listen(port, () => serverFor(app));

  return { url: urlOf(listener), addControlRoutes, close: () => listener.close() };

  function addControlRoutes(scope: FastifyInstance): void {
    const control: FaultControl<RestFault> = {
      kinds: restFaultKinds,
      faults,
      apply(active, via) {
        if (active.fault.kind !== "refused") return;
        const { cut, release } = listener.shut(via);
        faults.count(active, cut);
        active.over.addEventListener("abort", release, { once: true });
      },
      recovered: () => listener.opened(),
      closing,
    };
    addFaultRoutes(scope, control);
    scope.get(service.controlPath, () => service.report());
    scope.delete(service.controlPath, (_request, reply) => {
      service.clear();
      return reply.code(204).send();
    });
    scope.get("/__requests", () => ({ requests: log.list() }));
    scope.delete("/__requests", (_request, reply) => {
      log.clear();
      return reply.code(204).send();
    });
    if (service.configure === undefined) return;
    scope.put(service.controlPath, (request, reply) => {
      const wrong = service.configure?.(request.body);
      if (wrong !== undefined) return sendAnswer(reply, problem(400, "Bad settings", wrong));
      return reply.code(204).send();
    });
  }

  /** Before the body is read: the one place where a request can end without having happened. */
  async function admit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const path = pathOf(request);
    if (isControlPath(path)) return;
    const requestId = headerOf(request, "x-request-id");
    if (requestId !== undefined) {
      log.enter({ requestId, method: request.method, path, idempotencyKey: keyOf(request) ?? null }, reply.raw);
    }
    const strikes = faults.admit({ method: request.method, path });
    struck.set(request.raw, strikes);
    if (endingOf(strikes)?.fault.kind !== "reset-before-read") return;
    await pause(latencyOf(strikes), closing);
    reset(reply);
  }

  /** After the body is read: refuses if a fault says so, else does the work; the answer waits until its latency is over. */
  async function exchange(
    request: FastifyRequest,
    reply: FastifyReply,
    handle: (call: Call) => Answer | Promise<Answer>,
  ): Promise<void> {
    const strikes = struck.get(request.raw) ?? [];
    const worked = pause(latencyOf(strikes), closing);
    const call: Call = {
      body: request.body,
      params: request.params as Readonly<Record<string, string>>,
      query: new URL(request.url, "http://sandbox").searchParams,
      authorization: request.headers.authorization,
      key: keyOf(request),
      requestId: headerOf(request, "x-request-id"),
      worked,
    };
    const answer = refusalOf(endingOf(strikes)?.fault) ?? (await handle(call));
    await worked;
    await deliver(request, reply, answer);
  }

  /** All was done and recorded; what reaches the caller is up to the fault. */
  async function deliver(request: FastifyRequest, reply: FastifyReply, answer: Answer): Promise<void> {
    const ending = endingOf(struck.get(request.raw) ?? []);
    if (ending?.fault.kind === "reset-after-read") reset(reply);
    else if (ending?.fault.kind === "error-after-read") await sendAnswer(reply, errorAnswer(ending.fault));
    else if (ending?.fault.kind === "stalled-body") await stall(reply, answer, ending.over, closing);
    else await sendAnswer(reply, answer);
  }
}

async function stall(reply: FastifyReply, answer: Answer, ...over: readonly AbortSignal[]): Promise<void> {
  reply.hijack();
  // Who gave up during the latency has closed already and will not again.
  if (reply.raw.destroyed) return;
  const { headers, payload } = encodeAnswer(answer);
  const half = Math.floor(payload.length / 2);
  const gone = new AbortController();
  reply.raw.once("close", () => gone.abort());
  reply.raw.writeHead(answer.status, headers);
  reply.raw.write(payload.subarray(0, half));
  await pause(undefined, ...over, gone.signal);
  if (!gone.signal.aborted) reply.raw.end(payload.subarray(half));
}

function reset(reply: FastifyReply): void {
  reply.hijack();
  resetSocket(reply.request.raw.socket);
}

function endingOf(strikes: Strikes): ActiveFault<RestFault> | undefined {
  return strikes.find(({ fault }) => fault.kind !== "latency");
}

/** The answer of a fault that keeps the work from being done. */
function refusalOf(fault: RestFault | undefined): Answer | undefined {
  if (fault?.kind === "rate-limit") {
    return problem(429, "Too many requests", "Come back later.", { "retry-after": String(fault.retryAfterS) });
  }
  return fault?.kind === "error" ? errorAnswer(fault) : undefined;
}

function errorAnswer(fault: RestFault & { readonly kind: "error" | "error-after-read" }): Answer {
  const headers = fault.retryAfterS === undefined ? {} : { "retry-after": String(fault.retryAfterS) };
  return fault.body === undefined
    ? problem(fault.status, "Error", "The sandbox was told to fail.", headers)
    : { status: fault.status, headers, body: fault.body };
}

function keyOf(request: FastifyRequest): string | undefined {
  return headerOf(request, "idempotency-key");
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

function pathOf(request: FastifyRequest): string {
  return request.url.split("?", 1)[0] ?? "/";
}
