import type { Server } from "node:http";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { type FastifyInstance, type FastifyReply, fastify } from "fastify";
import { type Answer, encodeAnswer, problem } from "./answer.ts";
import { type FaultKinds, parseFault } from "./fault-kinds.ts";
import type { ActiveFault, Fault, FaultList } from "./faults.ts";
import { type Listener, listen } from "./listen.ts";
import { pause } from "./pause.ts";

/** The faults of one server and how they take hold of it. */
export interface FaultControl<F extends Fault> {
  readonly kinds: FaultKinds<F>;
  readonly faults: FaultList<F>;
  /** Carries out what a fault does beside striking requests; `via`, the socket that asked for it, must be left to answer. */
  apply(active: ActiveFault<F>, via: Socket): void;
  /** Resolves when what the ended faults held back works again. */
  recovered(): Promise<void>;
  readonly closing: AbortSignal;
}

/** A server that can be told over HTTP to misbehave: on its own port, and through the control server. */
export interface Controlled {
  addControlRoutes(app: FastifyInstance): void;
}

/**
 * A Fastify that only routes: who listens is the business of `listen.ts`. Every body is read as JSON, so plain
 * `curl -d` works; below `formsAt`, one that is no JSON is read as a form.
 */
export function createRouter(formsAt?: string): FastifyInstance {
  const app = fastify();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, (request, body, done) => {
    try {
      done(null, body === "" ? undefined : JSON.parse(String(body)));
    } catch {
      if (formsAt !== undefined && request.url.startsWith(formsAt))
        return done(null, new URLSearchParams(String(body)));
      done(Object.assign(new Error("The body is not JSON."), { statusCode: 400 }));
    }
  });
  return app;
}

/** A server for a router. Wait for the router's `ready()` first. */
export function serverFor(app: FastifyInstance): Server {
  return createServer((request, response) => app.routing(request, response));
}

/** Whether a path belongs to the control surface, which no fault strikes. */
export function isControlPath(path: string): boolean {
  return path.startsWith("/__");
}

/** Adds `POST`, `GET` and `DELETE /__faults`. */
export function addFaultRoutes<F extends Fault>(app: FastifyInstance, control: FaultControl<F>): void {
  const { kinds, faults, closing } = control;

  app.post("/__faults", (request, reply) => {
    const parsed = parseFault(kinds, request.body);
    if (!parsed.ok) return sendAnswer(reply, problem(400, "Bad fault", parsed.detail));
    const active = faults.add(parsed.fault);
    control.apply(active, request.raw.socket);
    const { forMs } = parsed.fault;
    if (forMs !== undefined) void pause(forMs, active.over, closing).then(() => faults.end(active));
    // If the port was shut, this connection was spared for the answer only.
    return sendAnswer(reply, { status: 201, headers: { connection: "close" }, body: faults.listed(active) });
  });

  app.get("/__faults", () => ({ faults: faults.list() }));

  app.delete("/__faults", async (_request, reply) => {
    faults.clear();
    await control.recovered();
    return reply.code(204).send();
  });
}

/** Answers a request. */
export function sendAnswer(reply: FastifyReply, answer: Answer): FastifyReply {
  const { headers, payload } = encodeAnswer(answer);
  return reply.code(answer.status).headers(headers).send(payload);
}

/** One port that stays reachable whatever the servers were told to do, each under its name: `/gateway/__faults`. */
export async function startControlServer(
  port: number,
  servers: Readonly<Record<string, Controlled>>,
): Promise<Listener> {
  const app = createRouter();
  for (const [name, server] of Object.entries(servers)) {
    app.register(
      (scope, _options, done) => {
        server.addControlRoutes(scope);
        done();
      },
      { prefix: `/${name}` },
    );
  }
  await app.ready();
  return listen(port, () => serverFor(app));
}
