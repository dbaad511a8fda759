import Fastify, { type FastifyInstance, type FastifyServerOptions } from "fastify";
import { healthAnswer } from "hawser";
import { hawser } from "hawser/fastify";
import type { Services } from "./services.ts";

const order = {
  type: "object",
  required: ["amount", "currency"],
  properties: { amount: { type: "number" }, currency: { type: "string" } },
} as const;

export async function buildApp(options: FastifyServerOptions & { services: Services }): Promise<FastifyInstance> {
  const { services, ...server } = options;
  const app = Fastify(server);
  await app.register(hawser, { services, requestTimeoutMs: 10_000 });

  // Nothing is caught here: an error of the gateway is answered with 502, 503 or 504.
  app.post<{ Body: { amount: number; currency: string } }>(
    "/payments",
    { schema: { body: order } },
    async (request) => {
      const { amount, currency } = request.body;
      return request.services.get("paymentGateway").createPayment(amount, currency);
    },
  );

  app.get("/health", async (request, reply) => {
    const { status, headers, body } = healthAnswer(await request.services.health());
    return reply.code(status).headers(headers).send(body);
  });

  return app;
}
