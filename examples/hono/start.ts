import { env } from "node:process";
import { serve } from "@hono/node-server";
import { stopOnSignals } from "hawser";
import { closeServer } from "hawser/hono";
import { buildApp } from "./app.ts";
import { services } from "./services.ts";

await services.start();
const app = buildApp({ services });
const server = serve({ fetch: app.fetch, port: Number(env["PORT"] ?? 3000), hostname: "127.0.0.1" }, ({ port }) => {
  console.log(`listening on http://127.0.0.1:${port}`);
});

// At SIGTERM, the requests under way are answered, then the services are stopped, and then nothing keeps the process.
stopOnSignals(services, { before: () => closeServer(server) });
