import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, type ClientRequest, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, isReachable } from "../sandbox/bench.ts";

/** What stands where the payment gateway is. Each request is the test's to answer. */
interface Gateway extends AsyncDisposable {
  readonly url: string;
  /** The next request that nobody has taken yet. */
  next(): Promise<Arrival>;
}

interface Arrival {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** When its connection was closed, by `performance.now()`. */
  readonly closedAt: Promise<number>;
}

async function startGateway(): Promise<Gateway> {
  const arrived: Arrival[] = [];
  const takers: ((arrival: Arrival) => void)[] = [];
  const server = createServer((incoming, response) => {
    incoming.resume();
    const closedAt = once(response, "close").then(() => performance.now());
    const arrival = { request: incoming, response, closedAt };
    const taker = takers.shift();
    if (taker === undefined) arrived.push(arrival);
    else taker(arrival);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next: async () => arrived.shift() ?? new Promise((resolve) => takers.push(resolve)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Application extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly url: string;
  /** The exit code, when it has ended. */
  readonly ended: Promise<number | null>;
}

const root = new URL("../../", import.meta.url).pathname;

/** The example as a process of its own, as a user runs it: it listens on `PORT`, and prints where. */
async function start(command: readonly string[], gatewayUrl: string, timeout: string): Promise<Application> {
  const child = spawn(process.execPath, [...command], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PORT: "0",
      NODE_ENV: "production",
      PAYMENT_GATEWAY_URL: gatewayUrl,
      PAYMENT_GATEWAY_API_KEY: "hunter2-secret",
      PAYMENT_GATEWAY_TIMEOUT: timeout,
    },
  });
  let output = "";
  const listening = Promise.withResolvers<string>();
  const take = (data: Buffer): void => {
    output += data.toString();
    const url = /listening \w+ (http:\/\/[\w.[\]]+:\d+)/.exec(output)?.[1];
    if (url !== undefined) listening.resolve(url);
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const ended = once(child, "close").then(([code]) => code as number | null);
  const failed = ended.then((code) => Promise.reject(new Error(`it ended with ${code}: ${output}`)));
  // Before the limit of the hook that waits for it, after which nobody would end it.
  const tooLate = setTimeout(() => child.kill("SIGKILL"), 50_000);
  const url = await Promise.race([listening.promise, failed]).finally(() => clearTimeout(tooLate));
  failed.catch(() => undefined);
  return {
    child,
    url,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

const order = JSON.stringify({ amount: 12.5, currency: "EUR" });

function pay({ url }: Application, more: { headers?: Record<string, string>; agent?: Agent } = {}): ClientRequest {
  const headers = { "content-type": "application/json", ...more.headers };
  const client = request(`${url}/payments`, { method: "POST", headers, agent: more.agent ?? false });
  client.on("error", () => undefined);
  client.end(order);
  return client;
}

async function answerOf(client: ClientRequest) {
  const [answer] = (await once(client, "response")) as [IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece as Buffer);
  const text = Buffer.concat(pieces).toString();
  return { status: answer.statusCode ?? 0, headers: answer.headers, text };
}

function accept({ response }: Arrival): void {
  response.writeHead(201, { "content-type": "application/json" });
  response.end(JSON.stringify({ id: "pay_1", amount: 12.5, currency: "EUR" }));
}

/**
 * What every example of a framework does, started as a process of its own: `POST /payments` makes a payment with the
 * gateway of PAYMENT_GATEWAY_URL.
 *
 * @param command - the arguments of `node`, from the root of the repository.
 */
export function describeFrameworkExample(command: readonly string[]): void {
  describe("as a process", () => {
    let gateway: Gateway;
    let app: Application;
    beforeAll(async () => {
      gateway = await startGateway();
      app = await start(command, gateway.url, "2s");
      // As long as a test may take: the machine may have much else to do.
    }, 60_000);
    afterAll(async () => {
      await app[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    });

    test("it makes a payment, with the key of its settings and the trace of the request", async () => {
      const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
      const answer = answerOf(pay(app, { headers: { traceparent } }));
      const arrival = await gateway.next();
      accept(arrival);
      const { status, text } = await answer;
      expect([200, 201]).toContain(status);
      expect(JSON.parse(text)).toEqual({ id: "pay_1", amount: 12.5, currency: "EUR" });
      expect(arrival.request.headers).toMatchObject({ authorization: "Bearer hunter2-secret", traceparent });
    });

    test("the gateway sees within 100 ms that the client went away", async () => {
      const tookMs: number[] = [];
      // The best of three: what counts is what the application does, and not what else the machine has to do.
      while (tookMs.length < 3 && !tookMs.some((ms) => ms <= 100)) {
        const client = pay(app);
        const arrival = await gateway.next();
        const leftAt = performance.now();
        client.destroy();
        tookMs.push((await arrival.closedAt) - leftAt);
      }
      expect(Math.min(...tookMs)).toBeLessThanOrEqual(100);
    });

    test("a gateway that takes no more is a 503 that says when to come again, and nothing of the gateway", async () => {
      const answer = answerOf(pay(app));
      const { response } = await gateway.next();
      response.writeHead(503, { "retry-after": "7", "content-type": "text/plain" }).end("node-17 is full");
      const { status, headers, text } = await answer;
      expect([status, headers["retry-after"]]).toEqual([503, "7"]);
      expect(headers["content-type"]).toMatch(/^application\/problem\+json/);
      expect(JSON.parse(text)).toMatchObject({ type: "about:blank", title: "Service Unavailable", status: 503 });
      expect(text + JSON.stringify(headers)).not.toMatch(/hunter2|node-17|payment|127\.0\.0\.1:/i);
    });

    test("a gateway that refuses our key is a 502, and no 401", async () => {
      const answer = answerOf(pay(app));
      (await gateway.next()).response.writeHead(401).end();
      expect(await answer).toMatchObject({ status: 502 });
    });

    test("a gateway that does not answer is a 504", async () => {
      const answer = answerOf(pay(app));
      const arrival = await gateway.next();
      expect(await answer).toMatchObject({ status: 504 });
      await arrival.closedAt;
    });

    test("what the client does wrong is its own: a 400", async () => {
      const client = request(`${app.url}/payments`, {
        method: "POST",
        headers: { "content-type": "application/json" },
      });
      client.end("{}");
      expect(await answerOf(client)).toMatchObject({ status: 400 });
    });
  });

  test("a gateway that is not there is a 502", async () => {
    const gone = await startGateway();
    await gone[Symbol.asyncDispose]();
    await using app = await start(command, gone.url, "5s");
    expect(await answerOf(pay(app))).toMatchObject({ status: 502 });
  });

  test("SIGTERM lets a call in flight be answered, over a connection that is kept, and ends the process with 0", async () => {
    await using gateway = await startGateway();
    await using app = await start(command, gateway.url, "30s");
    const agent = new Agent({ keepAlive: true });
    const answer = answerOf(pay(app, { agent }));
    const arrival = await gateway.next();
    app.child.kill("SIGTERM");
    await eventually(() => isReachable(app.url)).toBe(false);
    accept(arrival);
    const { status, text } = await answer;
    expect([200, 201]).toContain(status);
    expect(JSON.parse(text)).toMatchObject({ id: "pay_1" });
    const answeredAt = performance.now();
    expect(await app.ended).toBe(0);
    // Not only after the keep-alive time of the connection, which is 5 s at the least.
    expect(performance.now() - answeredAt).toBeLessThan(4_000);
    agent.destroy();
  });

  test("settings that are wrong end it before it listens, and it says which", async () => {
    const ended = await start(command, "", "soon").then(
      () => "it listens",
      (error: Error) => error.message,
    );
    expect(ended).toMatch(/it ended with [12]: /);
    expect(ended).toContain("PAYMENT_GATEWAY_TIMEOUT");
    expect(ended).not.toContain("hunter2");
  });
}
