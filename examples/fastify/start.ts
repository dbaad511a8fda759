import { env } from "node:process";
import { stopOnSignals } from "hawser";
import { buildApp } from "./app.ts";
import { services } from "./services.ts";

const app = await buildApp({ services, logger: true });
await app.listen({ port: Number(env["PORT"] ?? 3000), host: "127.0.0.1" });

// At SIGTERM, the requests under way are answered, then the services are stopped, and then nothing keeps the process.
stopOnSignals(services, { before: () => app.close(), logger: app.log });
