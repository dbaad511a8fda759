import { describe, expect, test } from "vitest";
import { isExternalServiceError } from "../../../src/core/errors.ts";
import { thrownBy, until } from "../../websocket/peer.ts";
import { findProgram, freePort, type Program } from "./program.ts";
import { NumberFeed, Numbers, upTo } from "./numbers.ts";
import { type ProxySettings, startHaproxy, startNginx } from "./proxies.ts";

interface Peer {
  readonly name: string;
  readonly command: string | undefined;
  readonly start: (settings: ProxySettings) => Promise<Program>;
  /** What it answers where the far side is down. */
  readonly downStatus: number;
  readonly reload: NodeJS.Signals;
}

const peers: readonly Peer[] = [
  { name: "nginx", command: findProgram("nginx"), start: startNginx, downStatus: 502, reload: "SIGHUP" },
  { name: "haproxy", command: findProgram("haproxy"), start: startHaproxy, downStatus: 503, reload: "SIGUSR2" },
];

const codesOf = (errors: readonly unknown[]): string[] =>
  errors.map((error) => (isExternalServiceError(error) ? error.code : String(error)));

describe.each(peers)("behind $name", ({ command, start, downStatus, reload }) => {
  const isMissing = command === undefined;

  /** A far side, and the proxy in front of it, which cuts what is idle for so long. */
  async function stage(
    idleMs: number,
  ): Promise<AsyncDisposable & { readonly numbers: Numbers; readonly proxy: Program; readonly url: string }> {
    await using stack = new AsyncDisposableStack();
    const numbers = stack.use(new Numbers(await freePort()));
    await numbers.start();
    const port = await freePort();
    const settings = { command: command ?? "", port, backendPort: numbers.port, idleMs };
    const proxy = stack.use(await start(settings));
    const all = stack.move();
    return {
      numbers,
      proxy,
      url: `ws://127.0.0.1:${port}`,
      [Symbol.asyncDispose]: async () => all.disposeAsync(),
    };
  }

  test.skipIf(isMissing)("an idle cut is noticed, and nothing is lost by it", async () => {
    await using on = await stage(1_000);
    await using feed = new NumberFeed(on.url, { pingIntervalMs: false });
    await feed.connect();
    on.numbers.publish();
    // Three times cut; each time there is a number that is published while nobody listens.
    for (let cuts = 1; cuts <= 3; cuts++) {
      await until(() => feed.ended.length >= cuts);
      on.numbers.publish();
      await until(() => feed.got.at(-1) === on.numbers.last);
    }

    expect(feed.got).toEqual(upTo(on.numbers.last));
    expect(on.numbers.connections).toBeGreaterThanOrEqual(3);
    for (const { error, willReconnect } of feed.ended) {
      expect(willReconnect).toBe(true);
      expect(codesOf([error])).toEqual(["connection-reset"]);
    }
  });

  test.skipIf(isMissing)("with pings below the idle cut, one connection lives on", async () => {
    await using on = await stage(2_000);
    await using feed = new NumberFeed(on.url, { pingIntervalMs: 200 });
    await feed.connect();
    // Twenty-five pings are five seconds, in which an idle connection would have been cut twice.
    await until(() => on.numbers.pings >= 25);
    on.numbers.publish();
    await until(() => feed.got.length === 1);

    expect(feed.ended).toEqual([]);
    expect(on.numbers.connections).toBe(1);
  });

  test.skipIf(isMissing)(`where the far side is down, connect() tells of ${downStatus}`, async () => {
    await using on = await stage(5_000);
    await on.numbers.stop();
    await using feed = new NumberFeed(on.url, { reconnect: false });

    const error = await thrownBy(feed.connect());

    expect(error).toMatchObject({
      name: "ServiceResponseError",
      status: downStatus,
      phase: "open",
      outcome: "rejected",
      retryable: true,
    });
  });

  test.skipIf(isMissing)(
    "a stream comes back when the far side does, and has what was published meanwhile",
    async () => {
      await using on = await stage(10_000);
      await using feed = new NumberFeed(on.url);
      await feed.connect();
      on.numbers.publish();
      await until(() => feed.got.length === 1);
      await on.numbers.stop();
      const isRefused = (error: unknown): boolean => (error as { status?: number }).status === downStatus;
      await until(() => feed.failures.some(isRefused));
      on.numbers.publish();
      await on.numbers.start();
      await until(() => feed.got.length === 2);

      expect(feed.got).toEqual([1, 2]);
      expect(feed.state.name).toBe("open");
    },
  );

  test.skipIf(isMissing)(
    "reloads and restarts under traffic lose nothing of what is received, and duplicate no send",
    async () => {
      await using on = await stage(10_000);
      await using feed = new NumberFeed(on.url);
      await feed.connect();
      const settled: Promise<unknown>[] = [];
      let sent = 0;
      const traffic = setInterval(() => {
        on.numbers.publish();
        sent += 1;
        settled.push(feed.send({ sent }).catch((error: unknown) => error));
      }, 5);
      try {
        for (let reloads = 1; reloads <= 3; reloads++) {
          await until(() => feed.state.name === "open" && feed.got.length > reloads * 50);
          on.proxy.signal(reload);
          await until(() => feed.ended.length >= reloads);
        }
        await until(() => feed.state.name === "open");
        await on.proxy.restart("SIGKILL");
        await until(() => feed.ended.length >= 4 && feed.state.name === "open");
      } finally {
        clearInterval(traffic);
      }
      await until(() => feed.got.at(-1) === on.numbers.last);
      const outcomes = await Promise.all(settled);

      expect(feed.got).toEqual(upTo(on.numbers.last));
      // Every send has settled; one that was on its way when its connection broke says so.
      for (const error of outcomes.filter((outcome) => outcome !== undefined)) {
        expect(error).toMatchObject({ code: "connection-reset", outcome: "unknown" });
      }
      const arrived = on.numbers.received.map((text) => (JSON.parse(text) as { sent: number }).sent);
      expect(arrived).toEqual([...new Set(arrived)].toSorted((one, other) => one - other));
      expect(arrived.at(-1)).toBe(sent);
    },
  );
});
