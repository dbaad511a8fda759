import { afterEach, expect, test, vi } from "vitest";
import { isServiceConfigurationError, isServiceStopError, isServiceUnavailableError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import {
  createRestClient,
  createWsClient,
  getRestClient,
  getServiceClient,
  getWsClient,
  initializeServices,
  shutdownServices,
} from "../../src/registry/default-registry.ts";
import { RESTService } from "../../src/rest/rest-service.ts";
import { WebSocketService } from "../../src/websocket/websocket-service.ts";
import { answerJson, httpServer } from "../support/http-server.ts";
import { failureOf, reasonOf } from "../support/rest-client.ts";
import { settled } from "../support/virtual-clock.ts";
import { startPeer, until } from "../websocket/peer.ts";
import { journaling, openForever } from "./journal.ts";

class PaymentGatewayClient extends RESTService {
  createPayment(amount: number, currency: string): Promise<unknown> {
    return this.postJson("/payments", { json: { amount, currency } });
  }
}
class RealtimeDataService extends WebSocketService {}

const logger = silentLogger;
const baseUrl = "https://a.example";
const own = new Error("mine");

const problemsOf = (make: () => unknown): readonly string[] => {
  try {
    make();
  } catch (error) {
    if (isServiceConfigurationError(error)) return error.problems;
    throw error;
  }
  return [];
};

afterEach(async () => {
  vi.unstubAllEnvs();
  await shutdownServices();
});

test("a client is made of the class passed in, and the same one is handed out", async () => {
  await using server = await httpServer(answerJson({ id: "p1" }));
  const created = createRestClient("payment_gateway", PaymentGatewayClient, {
    baseUrl: server.url,
    apiKey: "your-api-key",
    endpointBase: "/v1",
    logger,
  });
  await initializeServices();
  const payments = getRestClient("payment_gateway", PaymentGatewayClient);
  expect(payments).toBe(created);
  expect(await payments.createPayment(100, "USD")).toEqual({ id: "p1" });
  expect(server.requests).toMatchObject([
    { url: "/v1/payments", headers: { authorization: "Bearer your-api-key" }, body: '{"amount":100,"currency":"USD"}' },
  ]);
});

test("without a class there is a ready service", () => {
  expect(createRestClient("payments", { baseUrl, logger })).toBeInstanceOf(RESTService);
  expect(createWsClient("feed", { baseUrl: "wss://a.example", logger })).toBeInstanceOf(WebSocketService);
});

test("messages of a stream without a class go to the handlers that were added", async () => {
  await using peer = await startPeer({ onConnection: (socket) => socket.send("tick") });
  vi.stubEnv("REALTIME_WS_URL", peer.url);
  vi.stubEnv("REALTIME_WS_KEY", "k");
  const feed = createWsClient("realtime_ws", { endpoint: "/stream", logger });
  const messages: unknown[] = [];
  feed.addMessageHandler((message) => void messages.push(message));
  await initializeServices();
  await until(() => messages.length > 0);
  expect(messages).toEqual(["tick"]);
  expect(peer.requests).toMatchObject([{ url: "/stream", headers: { authorization: "Bearer k" } }]);
});

test("what the options leave out comes from the environment, and what they give is theirs", async () => {
  await using server = await httpServer();
  vi.stubEnv("PAYMENT_GATEWAY_URL", server.url);
  vi.stubEnv("PAYMENT_GATEWAY_API_KEY", "from the environment");
  const payments = createRestClient("payment_gateway", PaymentGatewayClient, { apiKey: "from the code", logger });
  await initializeServices();
  await payments.createPayment(1, "USD");
  expect(server.requests[0]?.headers.authorization).toBe("Bearer from the code");
});

test("wrong options, and a URL that nobody gives, are told at once and register nothing", () => {
  expect(problemsOf(() => createRestClient("payments", { logger }))).toEqual([
    "PAYMENTS_URL is not set: set it to the service's URL, or give baseUrl in the code",
  ]);
  expect(problemsOf(() => createRestClient("payments", { baseUrl, deadlineMs: -1, logger }))).toEqual([
    "deadlineMs must be a number of at least 1, not -1",
  ]);
  expect(problemsOf(() => createRestClient("payments", { optional: true } as never))).toEqual([
    "PAYMENTS_URL is not set",
  ]);
  expect(problemsOf(() => getServiceClient("payments"))).toHaveLength(1);
});

test("a name that is taken is refused", () => {
  createRestClient("payments", { baseUrl, logger });
  expect(problemsOf(() => createWsClient("payments", { baseUrl, logger }))).toEqual([
    "the name is taken: call shutdownServices first, or take another",
  ]);
});

test("an unknown name is refused with the known ones", () => {
  const how = "register it with createRestClient or createWsClient";
  expect(problemsOf(() => getServiceClient("payments"))).toEqual([
    `no client is named "payments": ${how}; known are none`,
  ]);
  createRestClient("payments", { baseUrl, logger });
  createRestClient("ledger", { baseUrl, logger });
  expect(problemsOf(() => getRestClient("payment"))).toEqual([
    `no client is named "payment": ${how}; known are payments, ledger`,
  ]);
});

test("a client of another kind or class than asked for is refused", () => {
  createRestClient("payments", PaymentGatewayClient, { baseUrl, logger });
  createWsClient("feed", RealtimeDataService, { baseUrl, logger });
  expect(problemsOf(() => getWsClient("payments"))).toEqual([
    "it is a PaymentGatewayClient, and not a WebSocketService",
  ]);
  expect(problemsOf(() => getRestClient("feed"))).toEqual(["it is a RealtimeDataService, and not a RESTService"]);
  class Other extends RESTService {}
  expect(problemsOf(() => getRestClient("payments", Other))).toEqual(["it is a PaymentGatewayClient, and not a Other"]);
  expect(getWsClient("feed", RealtimeDataService)).toBe(getServiceClient("feed"));
});

test("before initializeServices a client is there to be held, and refuses calls", async () => {
  const payments = createRestClient("payments", PaymentGatewayClient, { baseUrl, logger });
  const refused = await failureOf(payments.createPayment(1, "USD"), isServiceUnavailableError);
  expect(refused.code).toBe("unavailable-not-started");
});

test("clients connect in the order of their creation and close in reverse; then the registry is empty and usable", async () => {
  const { journal, Journaling } = journaling();
  createRestClient("a", Journaling, { baseUrl, logger });
  createRestClient("b", Journaling, { baseUrl, logger });
  await initializeServices();
  await shutdownServices();
  expect(journal).toEqual(["make a", "make b", "open a", "open b", "shut b", "shut a"]);
  expect(problemsOf(() => getServiceClient("a"))).toHaveLength(1);
  createRestClient("a", Journaling, { baseUrl, logger });
  await initializeServices();
  expect(getServiceClient("a").lifecycle).toBe("ready");
});

test("a client that was made later is connected by another initializeServices, and the others are left as they are", async () => {
  const { journal, Journaling } = journaling();
  createRestClient("a", Journaling, { baseUrl, logger });
  await initializeServices();
  createRestClient("b", Journaling, { baseUrl, logger });
  await initializeServices();
  expect(journal).toEqual(["make a", "open a", "make b", "open b"]);
});

test("where one cannot be connected, all are closed and the registry is empty", async () => {
  const { journal, Journaling } = journaling({ b: { open: async () => Promise.reject(own) } });
  createRestClient("a", Journaling, { baseUrl, logger });
  createRestClient("b", Journaling, { baseUrl, logger });
  expect(await reasonOf(initializeServices())).toBe(own);
  expect(journal.slice(2)).toEqual(["open a", "open b", "shut a"]);
  expect(problemsOf(() => getServiceClient("a"))).toHaveLength(1);
});

test("a signal gives initializeServices up, and its reason passes through", async () => {
  const { Journaling } = journaling({ a: { open: openForever } });
  createRestClient("a", Journaling, { baseUrl, logger });
  const giveUp = new AbortController();
  const started = initializeServices({ signal: giveUp.signal });
  await settled();
  giveUp.abort(own);
  expect(await reasonOf(started)).toBe(own);
});

test("a shutdown gives up a start under way, and what is registered after it stays", async () => {
  const { Journaling } = journaling({ a: { open: openForever } });
  createRestClient("a", Journaling, { baseUrl, logger });
  const started = reasonOf(initializeServices());
  await settled();
  const stopped = shutdownServices();
  const next = createRestClient("next", { baseUrl, logger });
  await stopped;
  expect(isServiceUnavailableError(await started)).toBe(true);
  expect(getServiceClient("next")).toBe(next);
});

test("a shutdown tries all clients, and tells of those that failed", async () => {
  const { journal, Journaling } = journaling({ b: { shut: async () => Promise.reject(own) } });
  createRestClient("a", Journaling, { baseUrl, logger });
  createRestClient("b", Journaling, { baseUrl, logger });
  await initializeServices();
  const error = await failureOf(shutdownServices(), isServiceStopError);
  expect(error.services).toEqual(["b"]);
  expect(journal.slice(-2)).toEqual(["shut b", "shut a"]);
  expect(problemsOf(() => getServiceClient("a"))).toHaveLength(1);
});
