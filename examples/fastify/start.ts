import { env } from "node:process";
import { buildApp } from "./app.ts";
import { services } from "./services.ts";

const app = await buildApp({ services, logger: true });
await app.listen({ port: Number(env["PORT"] ?? 3000), host: "127.0.0.1" });

// The requests under way are answered, then the services are stopped, and then nothing keeps the process.
process.once("SIGTERM", () => void app.close());
process.once("SIGINT", () => void app.close());
