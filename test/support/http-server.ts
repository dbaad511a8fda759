import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import * as net from "node:net";

/** A request as it arrived, read to its end. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query, as they stood on the request line. */
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** Resolves when the connection that it came on is closed. */
  readonly connectionClosed: Promise<void>;
}

export type Answering = (
  request: SeenRequest,
  response: http.ServerResponse,
  /** 1 for the first request of this server. */
  number: number,
) => void;

/** What the tests of the client see of a server of theirs. */
export interface TestServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Every request that was read to its end, oldest first. */
  readonly requests: readonly SeenRequest[];
  /** How many connections were ever made. */
  readonly connections: number;
  readonly openConnections: number;
  readonly mostOpenConnections: number;
  /** Resolves to the request with this number, from 1, once it has come. */
  request(number: number): Promise<SeenRequest>;
  /** Resolves once this many connections were made. */
  connected(count: number): Promise<void>;
  /** Resolves once every connection is closed. */
  allClosed(): Promise<void>;
}

/** Answers 200 with this value as JSON. */
export function answerJson(value: unknown): Answering {
  return (_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(value));
  };
}

/** Answers with these statuses, one after the other, and with the last one from then on. */
export function answerStatuses(...statuses: readonly number[]): Answering {
  return (_request, response, number) => {
    response.statusCode = statuses[Math.min(number, statuses.length) - 1] ?? 200;
    response.end();
  };
}

/** Never answers. */
export const answerNothing: Answering = () => undefined;

export async function httpServer(answer: Answering = answerJson({})): Promise<TestServer> {
  return serve(http.createServer(), "http", answer);
}

export async function httpsServer(
  tls: https.ServerOptions,
  answer: Answering = answerJson({}),
  host = "127.0.0.1",
): Promise<TestServer> {
  return serve(https.createServer(tls), "https", answer, host);
}

async function serve(
  server: http.Server | https.Server,
  scheme: string,
  answer: Answering,
  host?: string,
): Promise<TestServer> {
  const requests: SeenRequest[] = [];
  const arrivals = new Arrivals();
  // One listener for each connection, however many requests come on it.
  const closings = new WeakMap<net.Socket, Promise<void>>();
  server.on("request", (incoming: http.IncomingMessage, response: http.ServerResponse) => {
    const chunks: Buffer[] = [];
    incoming.on("error", () => undefined);
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const { method = "", url = "", headers, socket } = incoming;
      const connectionClosed = closings.get(socket) ?? closingOf(socket);
      closings.set(socket, connectionClosed);
      const seen = { method, url, headers, body: Buffer.concat(chunks).toString(), connectionClosed };
      requests.push(seen);
      arrivals.reached(requests.length);
      answer(seen, response, requests.length);
    });
  });
  const listening = await listen(server, host);
  return Object.assign(listening, {
    url: `${scheme}://${host ?? "127.0.0.1"}:${listening.port}`,
    requests,
    request: async (number: number): Promise<SeenRequest> => {
      await arrivals.of(number);
      return requests[number - 1] as SeenRequest;
    },
  });
}

/** Not `once`, which would reject where the far side resets the connection. */
function closingOf(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => void socket.once("close", () => resolve()));
}

/** What a raw server saw and can do, connection by connection. */
export interface RawServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly connections: number;
  readonly openConnections: number;
  connected(count: number): Promise<void>;
  allClosed(): Promise<void>;
}

/**
 * A TCP server that does with each connection what the test says.
 *
 * @param onConnection - `number`: 1 for the first connection.
 */
export async function rawServer(onConnection: (socket: net.Socket, number: number) => void): Promise<RawServer> {
  const server = net.createServer();
  let number = 0;
  server.on("connection", (socket) => onConnection(socket, ++number));
  const listening = await listen(server);
  return Object.assign(listening, { url: `http://127.0.0.1:${listening.port}` });
}

/** A TCP server that writes these bytes, lines ended by CRLF, after each request head; then it ends the connection. */
export async function rawAnswer(text: string): Promise<RawServer> {
  return rawServer((socket) => {
    socket.once("data", () => socket.end(text.replaceAll("\n", "\r\n"), "latin1"));
  });
}

/** A port on which nobody listens. */
export async function refusingUrl(): Promise<string> {
  await using server = await rawServer(() => undefined);
  return server.url;
}

type Listening = Omit<RawServer, "url">;

async function listen(server: net.Server, host = "127.0.0.1"): Promise<Listening & { mostOpenConnections: number }> {
  const open = new Set<net.Socket>();
  const arrivals = new Arrivals();
  let connections = 0;
  let mostOpen = 0;
  let closed = Promise.withResolvers<void>();
  server.on("connection", (socket: net.Socket) => {
    open.add(socket);
    mostOpen = Math.max(mostOpen, open.size);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      open.delete(socket);
      if (open.size > 0) return;
      closed.resolve();
      closed = Promise.withResolvers<void>();
    });
    arrivals.reached(++connections);
  });
  server.listen(0, host === "localhost" ? "127.0.0.1" : host);
  await once(server, "listening");
  return {
    port: (server.address() as net.AddressInfo).port,
    get connections() {
      return connections;
    },
    get openConnections() {
      return open.size;
    },
    get mostOpenConnections() {
      return mostOpen;
    },
    connected: (count) => arrivals.of(count),
    allClosed: async () => {
      if (open.size > 0) await closed.promise;
    },
    async [Symbol.asyncDispose]() {
      const ended = once(server, "close");
      server.close();
      for (const socket of open) socket.destroy();
      await ended;
    },
  };
}

/** Things that are counted, and waited for by their number. */
class Arrivals {
  #count = 0;
  readonly #waiting = new Map<number, PromiseWithResolvers<void>>();

  reached(count: number): void {
    this.#count = count;
    this.#waiting.get(count)?.resolve();
  }

  async of(number: number): Promise<void> {
    if (this.#count >= number) return;
    const waiting = this.#waiting.get(number) ?? Promise.withResolvers<void>();
    this.#waiting.set(number, waiting);
    await waiting.promise;
  }
}
