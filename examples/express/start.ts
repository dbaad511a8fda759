import { env } from "node:process";
import { stopOnSignals } from "hawser";
import { closeServer } from "hawser/express";
import { buildApp } from "./app.ts";
import { services } from "./services.ts";

await services.start();
const port = Number(env["PORT"] ?? 3000);
const server = buildApp({ services }).listen(port, "127.0.0.1", (error) => {
  if (error !== undefined) throw error;
  const address = server.address();
  console.log(`listening on http://127.0.0.1:${typeof address === "object" ? address?.port : port}`);
});

// At SIGTERM, the requests under way are answered, then the services are stopped, and then nothing keeps the process.
stopOnSignals(services, { before: () => closeServer(server) });
