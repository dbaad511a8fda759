import type { Socket } from "node:net";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { WebSocket } from "ws";
import { Secret } from "../../../src/core/secret.ts";
import type { DialStage } from "../../../src/websocket/connection/connection-model.ts";
import { WsSocket } from "../../../src/websocket/transport.ts";
import { openTunnel } from "../../../src/websocket/dial/tunnel.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";
import { cert } from "../certificate.ts";
import { type ConnectProxy, type ProxyBehaviour, startProxy } from "../connect-proxy.ts";
import { answer, startPeer, startRaw, thrownBy, until } from "../peer.ts";
import { startSecurePeer } from "../secure-peer.ts";

const trusted = { ca: cert };

/** Sends back what comes. */
function echo(ws: WebSocket): void {
  ws.on("message", (data: Buffer) => ws.send(data.toString()));
}

interface Tunnelling {
  readonly tls?: object;
  readonly signal?: AbortSignal;
  readonly stages?: DialStage[];
}

function tunnel(proxy: string, url: string, { tls = trusted, signal, stages = [] }: Tunnelling = {}): Promise<Socket> {
  const about = {
    service: "feed",
    operation: "/stream",
    signal: signal ?? new AbortController().signal,
    wallNow: () => 0,
  };
  return openTunnel({ proxy: new Secret(proxy), url, tls }, about, (stage) => stages.push(stage));
}

/** Speaks WebSocket over a tunnel and returns what came back for "hello". */
async function echoOver(socket: Socket, url: string): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const target = {
    url,
    headers: {},
    protocols: [],
    maxPayloadBytes: 1_024,
    closeTimeoutMs: 1_000,
    tls: {},
    createConnection: () => socket,
  };
  const stream = new WsSocket(
    target,
    {
      stage: () => undefined,
      opened: () => stream.send("hello", () => undefined),
      message: resolve,
      pong: () => undefined,
      ended: reject,
    },
    new VirtualClock(),
  );
  try {
    return await promise;
  } finally {
    stream.destroy();
  }
}

const withUser = (url: string, user: string): string => url.replace("//", `//${user}@`);

describe.each([
  ["http", false],
  ["https", true],
])("through an %s proxy", (_scheme, isSecure) => {
  test("ws is spoken", async () => {
    await using peer = await startPeer({ onConnection: echo });
    await using proxy = await startProxy({ isSecure });
    const stages: DialStage[] = [];
    const socket = await tunnel(proxy.url, peer.url, { stages });
    expect(await echoOver(socket, peer.url)).toBe("hello");
    expect(stages).toEqual(["tcp", "proxy"]);
    expect(proxy.requests[0]).toMatchObject({ method: "CONNECT", url: new URL(peer.url).host });
    expect(proxy.requests[0]?.headers.host).toBe(new URL(peer.url).host);
  });

  test("wss is spoken, and the proxy sees nothing of it", async () => {
    await using peer = await startSecurePeer(echo);
    await using proxy = await startProxy({ isSecure });
    const stages: DialStage[] = [];
    const socket = await tunnel(proxy.url, peer.url, { stages });
    expect(await echoOver(socket, peer.url)).toBe("hello");
    expect(stages).toEqual(["tcp", "proxy", "tls"]);
  });
});

test("user and password of the proxy's URL prove who we are, and nobody else is shown them", async () => {
  await using peer = await startPeer({ onConnection: echo });
  await using proxy = await startProxy();
  const socket = await tunnel(withUser(proxy.url, "us%40er:p%20w"), peer.url);
  expect(await echoOver(socket, peer.url)).toBe("hello");
  expect(peer.requests[0]?.headers).not.toHaveProperty("proxy-authorization");
  const sent = proxy.requests[0]?.headers["proxy-authorization"] ?? "";
  expect(Buffer.from(sent.replace("Basic ", ""), "base64").toString()).toBe("us@er:p w");
});

test("a proxy by its name, and a service by its name, which the proxy looks up", async () => {
  await using peer = await startPeer({ onConnection: echo });
  await using proxy = await startProxy();
  const stages: DialStage[] = [];
  const url = peer.url.replace("127.0.0.1", "localhost");
  const socket = await tunnel(proxy.url.replace("127.0.0.1", "localhost"), url, { stages });
  expect(await echoOver(socket, url)).toBe("hello");
  expect(stages).toEqual(["name", "tcp", "proxy"]);
  expect(proxy.requests[0]?.url).toBe(new URL(url).host);
});

describe("a proxy that refuses", () => {
  const refusing = (status: number, headers: readonly string[] = []): ProxyBehaviour => ({
    refuse: (socket) => answer(socket, status, headers, "no"),
  });

  test.each([
    [407, false],
    [403, false],
    [401, false],
    [301, false],
    [302, true],
    [429, true],
    [502, true],
    [503, true],
  ])("with %i says so, retryable: %s", async (status, retryable) => {
    await using proxy = await startProxy(refusing(status));
    const thrown = await thrownBy(tunnel(withUser(proxy.url, "user:s3cr3t"), "wss://a.test"));
    expect(thrown).toMatchObject({
      code: "connection-connect",
      phase: "connect",
      outcome: "not-sent",
      service: "feed",
      operation: "/stream",
      retryable,
      cause: { status },
    });
    expect(String(thrown)).toContain(`the proxy refused to connect, with status ${status}`);
    expect(inspect(thrown, { depth: 9, showHidden: true })).not.toContain("s3cr3t");
    await until(() => proxy.sockets.size === 0);
  });

  test("and says when to come again is heard", async () => {
    await using proxy = await startProxy(refusing(503, ["retry-after: 7"]));
    expect(await thrownBy(tunnel(proxy.url, "wss://a.test"))).toMatchObject({ retryAfterMs: 7_000 });
  });
});

describe("a proxy that is none", () => {
  const failing = (proxy: string): Promise<unknown> => thrownBy(tunnel(proxy, "wss://a.test"));

  test("because nobody listens there", async () => {
    const proxy = await startProxy();
    await proxy[Symbol.asyncDispose]();
    const thrown = await failing(proxy.url);
    expect(thrown).toMatchObject({ code: "connection-connect", phase: "connect", retryable: true });
    expect(String(thrown)).toContain("no connection to the proxy could be made (ECONNREFUSED)");
  });

  test("because it hangs up", async () => {
    await using raw = await startRaw((socket) => socket.destroy());
    const thrown = await failing(raw.url.replace("ws:", "http:"));
    expect(thrown).toMatchObject({ code: "connection-reset", retryable: true });
    expect(String(thrown)).toContain("the proxy broke off");
  });

  test("because it speaks something else", async () => {
    await using raw = await startRaw((socket) => socket.once("data", () => socket.end("SSH-2.0-OpenSSH_9.6\r\n")));
    const thrown = await failing(raw.url.replace("ws:", "http:"));
    expect(thrown).toMatchObject({ code: "connection-protocol", phase: "connect", outcome: "not-sent" });
  });

  test("because it speaks before it was asked to pass anything on", async () => {
    await using raw = await startRaw((socket) =>
      socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n")),
    );
    const thrown = await failing(raw.url.replace("ws:", "http:"));
    expect(thrown).toMatchObject({ code: "connection-protocol" });
    expect(String(thrown)).toContain("bytes came before anything was asked");
  });

  test("because its certificate does not verify", async () => {
    await using proxy = await startProxy({ isSecure: true });
    const thrown = await thrownBy(tunnel(proxy.url, "wss://a.test", { tls: {} }));
    expect(thrown).toMatchObject({ code: "connection-tls", retryable: false });
    expect(String(thrown)).toContain("the TLS handshake with the proxy failed");
    expect(proxy.requests).toHaveLength(0);
  });
});

test("a service whose certificate does not verify is not spoken to through a proxy either", async () => {
  await using peer = await startSecurePeer(echo);
  await using proxy = await startProxy();
  const thrown = await thrownBy(tunnel(proxy.url, peer.url, { tls: {} }));
  expect(thrown).toMatchObject({ code: "connection-tls", retryable: false, phase: "connect" });
  expect(String(thrown)).toContain("the TLS handshake through the proxy failed");
});

test("a service whose certificate is for another host is not either", async () => {
  await using peer = await startSecurePeer(echo);
  const { port } = new URL(peer.url);
  await using proxy = await startProxy({ leadsTo: new URL(peer.url).host });
  expect(await thrownBy(tunnel(proxy.url, `wss://elsewhere.test:${port}`))).toMatchObject({
    code: "connection-tls",
    retryable: false,
    cause: { code: "ERR_TLS_CERT_ALTNAME_INVALID" },
  });
});

test("one that goes away in the midst of the TLS handshake is a passing fault", async () => {
  await using peer = await startRaw((socket) => socket.once("data", () => socket.destroy()));
  await using proxy = await startProxy();
  const thrown = await thrownBy(tunnel(proxy.url, peer.url.replace("ws:", "wss:")));
  expect(thrown).toMatchObject({ code: "connection-reset", retryable: true });
  expect(String(thrown)).toContain("the TLS handshake through the proxy failed");
});

describe("the signal ends it, by its reason, and leaves no connection", () => {
  const reason = new Error("the limit passed");

  async function ended(
    proxy: Pick<ConnectProxy, "url">,
    url: string,
    isStuck: (stages: DialStage[]) => boolean,
  ): Promise<unknown> {
    const abort = new AbortController();
    const stages: DialStage[] = [];
    const thrown = thrownBy(tunnel(proxy.url, url, { signal: abort.signal, stages }));
    await until(() => isStuck(stages));
    abort.abort(reason);
    return thrown;
  }

  test("while the proxy never answers", async () => {
    await using proxy = await startProxy({ refuse: () => true });
    expect(await ended(proxy, "wss://a.test", () => proxy.requests.length === 1)).toBe(reason);
    await until(() => proxy.sockets.size === 0);
  });

  test("while it trickles", async () => {
    let sent = 0;
    await using raw = await startRaw((socket) => {
      const trickle = (): void => {
        if (socket.destroyed) return;
        socket.write(sent++ === 0 ? "HTTP/1.1 200 OK\r\nx-a: " : "a");
        setImmediate(trickle);
      };
      socket.once("data", trickle);
      socket.once("close", () => (sent = -1));
    });
    expect(await ended({ url: raw.url.replace("ws:", "http:") }, "wss://a.test", () => sent > 3)).toBe(reason);
    await until(() => sent < 0);
  });

  test("while the service is silent behind it", async () => {
    await using peer = await startRaw((socket) => socket.resume());
    await using proxy = await startProxy();
    expect(await ended(proxy, peer.url.replace("ws:", "wss:"), (stages) => stages.includes("tls"))).toBe(reason);
    await until(() => proxy.sockets.size === 0);
  });

  test("before it has begun", async () => {
    await using proxy = await startProxy();
    expect(await thrownBy(tunnel(proxy.url, "ws://a.test", { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(proxy.sockets.size).toBe(0);
  });
});
