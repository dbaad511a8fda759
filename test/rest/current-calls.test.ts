import { expect, test } from "vitest";
import type { AuthProvider } from "../../src/core/auth/provider.ts";
import { silentLogger } from "../../src/core/logger.ts";
import type { RESTServiceOptions } from "../../src/rest/options.ts";
import { httpServer } from "../support/http-server.ts";
import { logbook, Payments, reasonOf } from "../support/rest-client.ts";
import { until } from "../websocket/peer.ts";

const made = (options: Partial<RESTServiceOptions> & { readonly baseUrl: string }): Payments =>
  new Payments({ name: "payments", logger: silentLogger, retry: false, ...options });

async function reload(payments: Payments, options: Parameters<typeof made>[0]): Promise<void> {
  (await payments["~takeOver"](made(options)))();
}

/** A provider that is opened for each service, and tells when it is closed. */
function tokens(told: string[], name: string, onClose = (): void => undefined): AuthProvider {
  return {
    name,
    open: () => ({
      name,
      apply: () => ({ headers: { authorization: name } }),
      close: async () => {
        told.push(`closed ${name}`);
        onClose();
      },
    }),
  };
}

test("what is iterated for long goes on with the new settings at its next call", async () => {
  await using server = await httpServer((_request, response, number) => {
    response.setHeader("content-type", "text/event-stream");
    response.end(`id: ${number}\nretry: 1\ndata: ${number}\n\n`);
  });
  await using payments = await made({ baseUrl: server.url, apiKey: "1" }).connect();
  const seen: string[] = [];
  for await (const { data } of payments.events("/events")) {
    seen.push(data);
    if (seen.length === 1) await reload(payments, { baseUrl: server.url, apiKey: "2" });
    if (seen.length === 2) break;
  }
  expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(["Bearer 1", "Bearer 2"]);
});

test("a body that is read while settings change is read to its end, and then its connection is given back", async () => {
  let finish = (): void => undefined;
  await using server = await httpServer((_request, response) => {
    response.write("begun, ");
    finish = () => void response.end("and ended");
  });
  await using other = await httpServer();
  await using payments = await made({ baseUrl: server.url }).connect();
  await using answer = await payments.stream("/x");
  await reload(payments, { baseUrl: other.url });
  expect((await payments.get("/y")).status).toBe(200);
  finish();
  expect(await answer.text()).toBe("begun, and ended");
  const readAt = performance.now();
  await server.allClosed();
  // Left alone, the far side itself would end it after 5 s.
  expect(performance.now() - readAt).toBeLessThan(2_500);
  expect([server.requests.length, other.requests.length]).toEqual([1, 1]);
});

test("a provider of credentials stays where it is the same, and is closed after its last call where it is not", async () => {
  const told: string[] = [];
  const answers: (() => void)[] = [];
  await using server = await httpServer((request, response) => {
    if (request.url === "/slow") answers.push(() => void response.end());
    else response.end();
  });
  const first = tokens(told, "first");
  const baseUrl = server.url;
  const payments = await made({ baseUrl, auth: first }).connect();
  await reload(payments, { baseUrl, auth: first, deadlineMs: 5_000 });
  const slow = payments.get("/slow");
  await server.request(1);
  await reload(payments, { baseUrl, auth: tokens(told, "second") });
  await payments.get("/x");
  expect(told).toEqual([]);
  answers[0]?.();
  await slow;
  await until(() => told.length > 0);
  expect(told).toEqual(["closed first"]);
  await payments.close();
  expect(told).toEqual(["closed first", "closed second"]);
  expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(["first", "second"]);
});

test("a former provider that cannot be closed is logged, and holds nothing up", async () => {
  const { logger, entries } = logbook();
  await using server = await httpServer();
  const auth = tokens([], "first", () => {
    throw new Error("no");
  });
  await using payments = await made({ baseUrl: server.url, auth, logger }).connect();
  await reload(payments, { baseUrl: server.url, logger });
  await until(() => entries.some(({ level }) => level === "warn"));
  expect((await payments.get("/x")).status).toBe(200);
});

test("calls by former settings are counted, and a close ends them within its limit", async () => {
  await using server = await httpServer((request, response) => {
    if (request.url === "/health") response.end();
  });
  const payments = await made({ baseUrl: server.url, closeTimeoutMs: 20 }).connect();
  const first = reasonOf(payments.get("/1"));
  await server.request(1);
  await reload(payments, { baseUrl: server.url, closeTimeoutMs: 20, maxConnections: 2 });
  const second = reasonOf(payments.get("/2"));
  await server.request(2);
  expect((await payments.checkHealth()).details).toMatchObject({ inFlight: 2 });
  await payments.close();
  for (const ended of [await first, await second]) expect(ended).toMatchObject({ code: "unavailable-draining" });
  await server.allClosed();
});

test("a service that is not connected yet begins with the settings that it was given last", async () => {
  await using server = await httpServer();
  await using payments = made({ baseUrl: "https://nowhere.invalid" });
  await reload(payments, { baseUrl: server.url });
  await payments.connect();
  expect((await payments.get("/x")).status).toBe(200);
});
