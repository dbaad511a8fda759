import { readFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import type { Activity } from "../activity.ts";
import type { BackgroundWork } from "../background.ts";
import { HealthWatch } from "../health-watch.ts";

const page = readFileSync(new URL("../page.html", import.meta.url), "utf8");

/** `GET /`, the status page, and `GET /status`, the JSON that it asks for once a second. */
export function addStatusPage(
  app: FastifyInstance,
  shown: {
    readonly activity: Activity;
    readonly background: BackgroundWork;
    readonly controlUrl: string | undefined;
  },
): void {
  const { activity, background, controlUrl } = shown;
  const watch = new HealthWatch(() => app.services.health());

  app.get("/", (_request, reply) =>
    reply
      .type("text/html; charset=utf-8")
      .header(
        "content-security-policy",
        "default-src 'self'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'",
      )
      .send(page),
  );

  app.get("/status", async (_request, reply) => {
    const health = await watch.latest();
    const feed = app.services.get("realtime");
    const services = app.services.names.map((name) => {
      const seen = activity.of(name);
      const { calls, failures, retries, reconnects, recent } = seen;
      return { name, ...health.services[name], calls, failures, retries, reconnects, recent, minute: seen.minute() };
    });
    return reply.header("cache-control", "no-store").send({
      at: new Date().toISOString(),
      status: health.status,
      services,
      feed: { state: feed.state.name, lastSeq: feed.lastSeq, lastTickAgeMs: feed.lastTickAgeMs, prices: feed.latest },
      notifications: background.counts,
      controlUrl,
    });
  });
}
