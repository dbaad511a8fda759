import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { AuthProvider } from "../../../src/core/auth/provider.ts";
import { silentLogger } from "../../../src/core/logger.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { apiKeyQuery } from "../../../src/rest/auth/fixed.ts";
import { Dialer, type DialListener } from "../../../src/websocket/dial/dial.ts";
import { DialTurns, maxDialsPerHost } from "../../../src/websocket/dial/dial-turns.ts";
import { readWebSocketOptions, type WebSocketServiceOptions } from "../../../src/websocket/options.ts";
import type { AttemptContext } from "../../../src/websocket/dial/per-attempt.ts";
import { socketError } from "../../../src/websocket/dial/socket-errors.ts";
import type { SocketEnd, StreamSocket } from "../../../src/websocket/transport.ts";
import { settled } from "../../support/virtual-clock.ts";
import { startProxy } from "../connect-proxy.ts";
import { answer, startPeer, startRaw, thrownBy, until } from "../peer.ts";

const never = new Promise<never>(() => undefined);

/** A dialer with what it told in words, the socket it made, and how that ended. */
class Attempt implements AsyncDisposable {
  readonly dialer: Dialer;
  readonly told: string[] = [];
  readonly abort = new AbortController();
  isOpen = false;
  end: unknown;
  #socket: StreamSocket | undefined;

  constructor(options: Partial<WebSocketServiceOptions>, turns = new DialTurns()) {
    const settings = readWebSocketOptions({ logger: silentLogger, clock: systemClock, ...options }, "feed");
    this.dialer = new Dialer(settings, turns);
  }

  async dial(context: Partial<AttemptContext> = {}): Promise<StreamSocket | undefined> {
    const { signal } = this.abort;
    const whole = { attempt: 1, endpoint: 0, isRenewed: false, signal, ...context };
    this.#socket = await this.dialer.dial(whole, this.#listener());
    return this.#socket;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abort.abort();
    this.#socket?.destroy();
    await this.dialer.close();
  }

  #listener(): DialListener {
    return {
      endpoint: ({ shown, count }) => this.told.push(`${shown} of ${count}`),
      stage: (stage) => this.told.push(stage),
      opened: () => {
        this.isOpen = true;
      },
      message: () => undefined,
      pong: () => undefined,
      ended: (end) => {
        this.end = end;
      },
    };
  }
}

test("an attempt tells what it waits for, step by step", async () => {
  await using peer = await startPeer();
  await using attempt = new Attempt({
    endpoints: () => [`${peer.url}/x?k=s3cr3t`],
    headers: () => ({ "X-Own": "1" }),
    protocols: () => [],
    auth: () => ({ headers: { authorization: "t" } }),
  });
  await attempt.dial();
  await until(() => attempt.isOpen);
  expect(attempt.told).toEqual(["endpoint", `${peer.url}/x of 1`, "headers", "protocols", "auth", "tcp", "upgrade"]);
  expect(peer.requests[0]).toMatchObject({ url: "/x?k=s3cr3t", headers: { "x-own": "1", authorization: "t" } });
});

test("what was given as it is costs no step", async () => {
  await using peer = await startPeer();
  await using attempt = new Attempt({ baseUrl: peer.url, endpoint: "/s", headers: { a: "1" }, apiKey: "k" });
  await attempt.dial();
  await until(() => attempt.isOpen);
  expect(attempt.told).toEqual([`${peer.url}/s of 1`, "tcp", "upgrade"]);
  expect(peer.requests[0]?.headers).toMatchObject({ a: "1", authorization: "Bearer k" });
});

test("each attempt goes to the endpoint of its number", async () => {
  await using peer = await startPeer();
  const endpoints = [`${peer.url}/a`, `${peer.url}/b`];
  for (const endpoint of [0, 1, 2]) {
    await using attempt = new Attempt({ endpoints });
    await attempt.dial({ endpoint });
    await until(() => attempt.isOpen);
  }
  expect(peer.requests.map(({ url }) => url)).toEqual(["/a", "/b", "/a"]);
});

test("credentials in the query are sent, and shown nowhere", async () => {
  await using peer = await startPeer();
  await using attempt = new Attempt({ baseUrl: peer.url, auth: apiKeyQuery("key", "s3cr3t") });
  await attempt.dial();
  await until(() => attempt.isOpen);
  expect(peer.requests[0]?.url).toBe("/?key=s3cr3t");
  expect(inspect(attempt.told)).not.toContain("s3cr3t");
});

test("a header that the stream was given wins over the credentials", async () => {
  await using peer = await startPeer();
  await using attempt = new Attempt({ baseUrl: peer.url, apiKey: "k", headers: () => ({ Authorization: "mine" }) });
  await attempt.dial();
  await until(() => attempt.isOpen);
  expect(peer.requests[0]?.headers.authorization).toBe("mine");
});

test("after a refusal other credentials are asked for, and providers know of it", async () => {
  await using peer = await startPeer({
    refuse: (socket, { headers }) => headers.authorization === "t1" && answer(socket, 401),
  });
  let token = 0;
  const auth: AuthProvider = {
    name: "own",
    apply: () => ({ headers: { authorization: `t${++token}` } }),
    renew: ({ headers }) => headers?.["authorization"] === "t1",
  };
  const seen: boolean[] = [];
  const headers = ({ isRenewed }: AttemptContext): Record<string, string> => {
    seen.push(isRenewed);
    return {};
  };
  await using attempt = new Attempt({ baseUrl: peer.url, auth, headers });
  await attempt.dial();
  await until(() => attempt.end !== undefined);
  expect(attempt.end).toMatchObject({ kind: "refused", status: 401 });
  expect(await attempt.dialer.renewCredentials(attempt.abort.signal)).toBe(true);
  await attempt.dial({ attempt: 2, isRenewed: true });
  await until(() => attempt.isOpen);
  expect(seen).toEqual([false, true]);
  expect(await attempt.dialer.renewCredentials(attempt.abort.signal)).toBe(false);
});

test("closing gives back what the provider holds", async () => {
  let closed = 0;
  const auth: AuthProvider = {
    name: "own",
    open: () => ({ name: "own", apply: () => ({}), close: async () => void closed++ }),
  };
  await new Attempt({ baseUrl: "ws://127.0.0.1", auth }).dialer.close();
  expect(closed).toBe(1);
});

describe("the turn", () => {
  test("of the eleventh comes when one of the ten before is open, has ended, or is given up", async () => {
    const held: (() => void)[] = [];
    await using peer = await startPeer({
      refuse: (socket, _request, number) => {
        // The second alone is let in, the first refused later on; all others are left without an answer.
        socket.on("end", () => socket.destroy());
        if (number === 1) held.push(() => answer(socket, 503));
        if (number !== 2) socket.resume();
        return number !== 2;
      },
    });
    const turns = new DialTurns();
    const attempts: Attempt[] = [];
    const begin = (): Attempt => {
      const attempt = new Attempt({ baseUrl: peer.url }, turns);
      attempts.push(attempt);
      void attempt.dial();
      return attempt;
    };
    // The turn of the one that is let in is free at once, and the eleventh takes it.
    for (let index = 0; index < maxDialsPerHost + 1; index++) begin();
    await until(() => peer.requests.length === maxDialsPerHost + 1);
    const refusedNext = begin();
    const givenUpNext = begin();
    await settled();
    expect([refusedNext.told, givenUpNext.told]).toEqual([[], []]);
    held[0]?.();
    await until(() => refusedNext.told.length > 0);
    expect(givenUpNext.told).toEqual([]);
    attempts[5]?.abort.abort();
    await until(() => givenUpNext.told.length > 0);
    for (const attempt of attempts) await attempt[Symbol.asyncDispose]();
    expect(turns.hosts).toBe(0);
  });

  test.each<[string, Partial<WebSocketServiceOptions>]>([
    [
      "a provider throws",
      {
        headers: () => {
          throw new Error("vault");
        },
      },
    ],
    [
      "there are no credentials",
      {
        auth: () => {
          throw new Error("vault");
        },
      },
    ],
    ["the endpoint cannot be dialled", { endpoint: () => "//elsewhere" }],
  ])("is given back when %s", async (_why, options) => {
    const turns = new DialTurns();
    await using attempt = new Attempt({ baseUrl: "ws://127.0.0.1:1", ...options }, turns);
    expect(await thrownBy(attempt.dial())).toMatchObject({ service: "feed", outcome: "not-sent" });
    expect(turns.hosts).toBe(0);
  });

  test("and the dial end with the signal, though a provider never settles", async () => {
    for (const option of ["endpoint", "headers", "protocols", "auth"]) {
      const turns = new DialTurns();
      await using attempt = new Attempt({ baseUrl: "ws://127.0.0.1:1", [option]: () => never }, turns);
      const dialled = attempt.dial();
      await until(() => attempt.told.includes(option));
      expect(turns.hosts).toBe(1);
      attempt.abort.abort();
      expect(await dialled).toBeUndefined();
      expect(turns.hosts).toBe(0);
    }
  });

  test("a wait for it that is given up is no attempt", async () => {
    const turns = new DialTurns();
    const others = new AbortController();
    for (let index = 0; index < maxDialsPerHost; index++) await turns.take("127.0.0.1:1", others.signal);
    await using attempt = new Attempt({ baseUrl: "ws://127.0.0.1:1" }, turns);
    const dialled = attempt.dial();
    await settled();
    attempt.abort.abort();
    expect([await dialled, attempt.told]).toEqual([undefined, []]);
  });
});

describe("a proxy", () => {
  test("of the environment is gone through, but for the hosts that it excepts", async () => {
    await using peer = await startPeer();
    await using proxy = await startProxy();
    for (const except of ["", "127.0.0.1"]) {
      await using attempt = new Attempt({ baseUrl: peer.url });
      attempt.dialer.start({ HTTP_PROXY: proxy.url, NO_PROXY: except });
      await attempt.dial();
      await until(() => attempt.isOpen);
      expect(attempt.told.includes("proxy")).toBe(except === "");
    }
    expect(proxy.requests).toHaveLength(1);
  });

  test("that was given is gone through whatever the environment says, and false goes through none", async () => {
    await using peer = await startPeer();
    await using proxy = await startProxy();
    for (const given of [proxy.url, false] as const) {
      await using attempt = new Attempt({ baseUrl: peer.url, proxy: given });
      attempt.dialer.start({ HTTP_PROXY: "http://127.0.0.1:1", NO_PROXY: "*" });
      await attempt.dial();
      await until(() => attempt.isOpen);
    }
    expect(proxy.requests).toHaveLength(1);
  });

  test("of the environment that is no URL is an error at start that does not show it", () => {
    const { dialer } = new Attempt({ baseUrl: "ws://127.0.0.1:1" });
    let thrown: unknown;
    try {
      dialer.start({ HTTP_PROXY: "socks5://u:s3cr3t@x" });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: "configuration-invalid", service: "feed" });
    expect(inspect(thrown)).not.toContain("s3cr3t");
  });

  test("that refuses fails the attempt with its status", async () => {
    await using proxy = await startProxy({ refuse: (socket) => answer(socket, 407) });
    await using attempt = new Attempt({ baseUrl: "wss://a.test", proxy: proxy.url });
    attempt.dialer.start({});
    expect(await thrownBy(attempt.dial())).toMatchObject({ code: "connection-connect", cause: { status: 407 } });
  });

  test("that never answers ends with the signal", async () => {
    await using raw = await startRaw((socket) => socket.resume());
    await using attempt = new Attempt({ baseUrl: "wss://a.test", proxy: raw.url.replace("ws:", "http:") });
    attempt.dialer.start({});
    const dialled = attempt.dial();
    await until(() => attempt.told.includes("proxy"));
    attempt.abort.abort();
    expect(await dialled).toBeUndefined();
  });
});

describe("what the service answers through a proxy is the service's", () => {
  const ended = async (peer: { readonly url: string }) => {
    await using proxy = await startProxy();
    await using attempt = new Attempt({ baseUrl: peer.url, proxy: proxy.url });
    attempt.dialer.start({});
    await attempt.dial();
    await until(() => attempt.end !== undefined);
    expect([...new Set(attempt.told)].slice(-2)).toEqual(["proxy", "upgrade"]);
    return socketError(attempt.end as SocketEnd, { service: "feed", operation: "/" }, 0);
  };

  test("a refusal, with status, headers and body", async () => {
    await using peer = await startPeer({ refuse: (socket) => answer(socket, 503, ["retry-after: 3"], "later") });
    expect(await ended(peer)).toMatchObject({
      code: "response-status",
      phase: "open",
      status: 503,
      retryAfterMs: 3_000,
      body: "later",
    });
  });

  test("an upgrade to something else", async () => {
    const head = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n";
    await using peer = await startRaw((socket) =>
      socket.once("data", () => socket.write(`${head}sec-websocket-accept: no\r\n\r\n`)),
    );
    expect(await ended(peer)).toMatchObject({ code: "connection-protocol", phase: "open", outcome: "not-sent" });
  });

  test("what is no HTTP", async () => {
    await using peer = await startRaw((socket) => socket.once("data", () => socket.write("SSH-2.0-OpenSSH_9.6\r\n")));
    expect(await ended(peer)).toMatchObject({ code: "connection-protocol", phase: "open", outcome: "not-sent" });
  });

  test("silence that ends", async () => {
    await using peer = await startRaw((socket) => socket.once("data", () => socket.destroy()));
    expect(await ended(peer)).toMatchObject({ code: "connection-reset", phase: "connect", retryable: true });
  });
});
