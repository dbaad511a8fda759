import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { RESTService, type RESTServiceOptions, silentLogger } from "../../../src/index.ts";

class Service extends RESTService {}

/** A real server that says so, and a service that calls it. */
export interface CalledService {
  readonly baseUrl: string;
  /** A service that is ready. */
  readonly service: (options?: Partial<RESTServiceOptions>) => Promise<RESTService>;
  /** What a new service is answered. */
  readonly ask: (options?: Partial<RESTServiceOptions>) => Promise<string>;
  /** Ends the server, and prints what was answered. */
  readonly done: (...answers: readonly string[]) => void;
}

export async function calledService(): Promise<CalledService> {
  const server = createServer((_request, response) => void response.end("real")).listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const service: CalledService["service"] = (options) =>
    new Service({ baseUrl, logger: silentLogger, retry: false, ...options }).connect();
  return {
    baseUrl,
    service,
    async ask(options) {
      await using one = await service(options);
      return (await one.get("/x")).text();
    },
    done(...answers) {
      process.stdout.write(answers.join(" "));
      server.close();
      server.closeAllConnections();
    },
  };
}
