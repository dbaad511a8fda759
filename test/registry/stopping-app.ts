// An application for stop-on-signals.test.ts: a server whose one route waits for a service, until it is told to end.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { argv, exit, stdout } from "node:process";
import { setTimeout as wait } from "node:timers/promises";
import { silentLogger } from "../../src/core/logger.ts";
import { service } from "../../src/registry/custom-service.ts";
import { defineServices } from "../../src/registry/define.ts";
import { stopOnSignals } from "../../src/registry/stop-on-signals.ts";

const say = (what: string): void => void stdout.write(`${what}\n`);
const how = new Set(argv.slice(2));

const services = defineServices(
  {
    slow: service({
      create: () => ({ answer: () => wait(300, "done") }),
      dispose: async () => {
        say("disposed");
        if (how.has("broken")) throw new Error("mine");
        if (how.has("hanging")) await wait(60_000);
      },
    }),
  },
  { logger: silentLogger, env: {} },
);
await services.start();

const server = createServer((_request, response) => {
  say("asked");
  void services
    .get("slow")
    .answer()
    .then((text) => response.end(text));
});
server.listen(0, "127.0.0.1", () => say(`listening ${(server.address() as AddressInfo).port}`));

stopOnSignals(services, {
  logger: silentLogger,
  timeoutMs: how.has("held") ? 300 : 20_000,
  exit: (code) => {
    say("forced");
    exit(code);
  },
  before: async ({ received }) => {
    say(`before ${received}`);
    await new Promise((done) => server.close(done));
    say("closed");
  },
});
if (how.has("held")) setInterval(() => undefined, 1_000);
