import { once } from "node:events";
import { type Socket, connect } from "node:net";
import { Agent, type Dispatcher } from "undici";
import { expect } from "vitest";
import { WebSocket } from "ws";
import type { TokenReport } from "../../sandbox/access-tokens.ts";
import type { ListedFault } from "../../sandbox/faults.ts";
import type { SentNotifications } from "../../sandbox/notification-service.ts";
import type { GatewayLedger } from "../../sandbox/payment-gateway.ts";
import type { FeedReport } from "../../sandbox/price-feed.ts";
import { type Sandbox, type SandboxOptions, startSandbox } from "../../sandbox/sandbox.ts";

export interface Reply {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData["headers"];
  readonly body: Record<string, unknown>;
}

interface Sending {
  readonly method?: Dispatcher.HttpMethod;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** What the tests ask of a gateway: the words are those of the rules in their titles. */
export interface Bench extends AsyncDisposable {
  readonly sandbox: Sandbox;
  send(url: string, sending?: Sending): Promise<Reply>;
  /** Answered when the status and headers are there; the body is still to be read. */
  open(url: string, sending?: Sending): Promise<Dispatcher.ResponseData>;
  /** Posts a form; the body of the answer is still to be read. */
  form(url: string, fields: URLSearchParams, headers?: Record<string, string>): Promise<Dispatcher.ResponseData>;
  pay(key?: string, body?: unknown, signal?: AbortSignal): Promise<Reply>;
  notify(key?: string, body?: unknown): Promise<Reply>;
  ledger(): Promise<GatewayLedger>;
  sent(): Promise<SentNotifications>;
  feed(): Promise<FeedReport>;
  tokens(): Promise<TokenReport>;
  /** From now on, every token that was given is refused. */
  revokeTokens(): Promise<Reply>;
  order(server: Server, fault: object): Promise<Reply>;
  faults(server: Server): Promise<readonly ListedFault[]>;
  clear(server: Server): Promise<Reply>;
}

type Server = "gateway" | "notifications" | "feed" | "tokens";

export async function startBench(options: SandboxOptions = {}): Promise<Bench> {
  const sandbox = await startSandbox(options);
  const agent = new Agent();

  const open = (url: string, { method = "GET", headers = {}, body, signal }: Sending = {}) =>
    agent.request({
      origin: new URL(url).origin,
      path: new URL(url).pathname + new URL(url).search,
      method,
      headers: body === undefined ? headers : { "content-type": "application/json", ...headers },
      body: body === undefined ? null : JSON.stringify(body),
      ...(signal && { signal }),
    });

  async function send(url: string, sending?: Sending): Promise<Reply> {
    const { statusCode, headers, body } = await open(url, sending);
    const text = await body.text();
    const isJson = String(headers["content-type"]).includes("json");
    return { status: statusCode, headers, body: isJson ? JSON.parse(text) : { text } };
  }

  const post = (
    server: "gateway" | "notifications",
    path: string,
    key?: string,
    body?: unknown,
    signal?: AbortSignal,
  ) =>
    send(sandbox[server].url + path, {
      method: "POST",
      headers: { ...bearer(sandbox[server].apiKey), ...(key !== undefined && { "idempotency-key": key }) },
      body,
      ...(signal && { signal }),
    });
  const report = async <T>(server: Server, path: string): Promise<T> =>
    (await send(sandbox[server].controlUrl + path)).body as T;

  return {
    sandbox,
    send,
    open,
    form: (url, fields, headers = {}) =>
      agent.request({
        origin: new URL(url).origin,
        path: new URL(url).pathname,
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
        body: fields.toString(),
      }),
    pay: (key, body = { amount: 10, currency: "EUR" }, signal) => post("gateway", "/v1/payments", key, body, signal),
    notify: (key, body = { paymentId: "pay_1" }) => post("notifications", "/notify", key, body),
    ledger: () => report("gateway", "/__ledger"),
    sent: () => report("notifications", "/__sent"),
    feed: () => report("feed", "/__feed"),
    tokens: () => report("tokens", "/__tokens"),
    revokeTokens: () => send(`${sandbox.tokens.controlUrl}/__tokens`, { method: "DELETE" }),
    order: (server, fault) => send(`${sandbox[server].controlUrl}/__faults`, { method: "POST", body: fault }),
    faults: async (server) => (await report<{ faults: readonly ListedFault[] }>(server, "/__faults")).faults,
    clear: (server) => send(`${sandbox[server].controlUrl}/__faults`, { method: "DELETE" }),
    async [Symbol.asyncDispose]() {
      await sandbox.close();
      await agent.destroy();
    },
  };
}

export function bearer(apiKey: string): Record<string, string> {
  return { authorization: `Bearer ${apiKey}` };
}

/** The code of the error that this ends in. */
export async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
  throw new Error("It did not fail.");
}

/** A bare TCP connection: sees the bytes, and tells an RST from a FIN. */
export async function dial(url: string): Promise<{
  readonly socket: Socket;
  readonly chunks: readonly string[];
  readonly ended: Promise<"FIN" | "ECONNRESET">;
}> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  const chunks: string[] = [];
  const ended = new Promise<"FIN" | "ECONNRESET">((resolve, reject) => {
    socket.once("end", () => resolve("FIN"));
    socket.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "ECONNRESET" ? resolve("ECONNRESET") : reject(error),
    );
  });
  ended.catch(() => {});
  socket.on("data", (data) => chunks.push(data.toString()));
  await once(socket, "connect");
  return { socket, chunks, ended };
}

/** Asks until the answer is as expected; the limit is far above what a loaded machine needs. */
export function eventually<T>(ask: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(ask, { timeout: 50_000, interval: 5 });
}

/** Whether somebody listens there. */
export async function isReachable(url: string): Promise<boolean> {
  try {
    (await dial(url)).socket.destroy();
    return true;
  } catch {
    return false;
  }
}

export type Message = Record<string, unknown> & { readonly type: string; readonly seq?: number };

/** A client of the feed. */
export interface FeedClient extends Disposable {
  readonly socket: WebSocket;
  readonly messages: readonly Message[];
  say(message: object | string): void;
  /** The first message of this kind that is there or comes. */
  first(matches: (message: Message) => boolean): Promise<Message>;
  ticks(): readonly number[];
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
}

export async function openStream({ feed }: Sandbox, apiKey: string = feed.apiKey): Promise<FeedClient> {
  const socket = new WebSocket(`${feed.url}/stream`, { headers: bearer(apiKey) });
  const messages: Message[] = [];
  const waiting = new Set<(message: Message) => void>();
  socket.on("message", (data: Buffer) => {
    const message = JSON.parse(data.toString()) as Message;
    messages.push(message);
    for (const look of waiting) look(message);
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once("close", (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  await once(socket, "open");
  socket.on("error", () => {});
  return {
    socket,
    messages,
    closed,
    say: (message) => socket.send(typeof message === "string" ? message : JSON.stringify(message)),
    first: (matches) =>
      new Promise((resolve) => {
        const look = (message: Message): void => {
          if (!matches(message)) return;
          waiting.delete(look);
          resolve(message);
        };
        const there = messages.find(matches);
        if (there === undefined) waiting.add(look);
        else resolve(there);
      }),
    ticks: () => messages.flatMap(({ seq }) => (seq === undefined ? [] : [seq])),
    [Symbol.dispose]: () => socket.terminate(),
  };
}

/** The status (and headers) that a handshake was answered with instead of 101. */
export async function refusedHandshake(
  url: string,
  headers: Record<string, string>,
): Promise<{ readonly status: number | undefined; readonly headers: NodeJS.Dict<string | string[]> }> {
  const socket = new WebSocket(url, { headers });
  socket.on("error", () => {});
  const [, response] = await once(socket, "unexpected-response");
  response.resume();
  socket.terminate();
  return { status: response.statusCode, headers: response.headers };
}

export const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
