import type { FastifyInstance } from "fastify";

/** `GET /health`: how the services are that we depend on. */
export function addHealthRoute(app: FastifyInstance): void {
  app.get("/health", async (_request, reply) => {
    const health = await app.services.health();
    return reply.code(health.status === "fail" ? 503 : 200).send(health);
  });
}
