import { describe, expect, test } from "vitest";
import { WebSocket, type ClientOptions } from "ws";
import { exitCodeOf } from "./behaviour.ts";
import { type CaseClient, EchoStream, hawserEcho } from "./echo.ts";
import { corpus } from "./imitation/corpus.ts";
import { startImitation } from "./imitation/server.ts";
import { lineOf } from "./report.ts";
import { runCases, wantedBy } from "./run-cases.ts";

const ids = (cases: readonly { readonly id: string }[]): string[] => cases.map(({ id }) => id);

/** The lines of those that have failed. */
async function failures(client: CaseClient, patterns: readonly string[], caseLimitMs?: number): Promise<string[]> {
  await using server = await startImitation(caseLimitMs === undefined ? {} : { caseLimitMs });
  const results = await runCases({ url: server.url, agent: "test", client, isWanted: wantedBy(patterns) });
  expect(server.reports).toEqual(["test"]);
  return results.filter(({ behaviour }) => behaviour === "FAILED").map(({ id }) => id);
}

/** An echo straight on `ws`. */
function bareEcho(options: ClientOptions & { readonly maxFragments?: number }, isBinary?: boolean): CaseClient {
  return {
    runCase: async (url) =>
      new Promise<void>((resolve) => {
        const ws = new WebSocket(url, { perMessageDeflate: false, ...options });
        ws.on("message", (data, wasBinary) => ws.send(data as Buffer, { binary: isBinary ?? wasBinary }));
        ws.on("error", () => undefined);
        ws.on("close", () => resolve());
      }),
  };
}

test("an echo service through WebSocketService passes all cases of the imitation", async () => {
  await using server = await startImitation();
  const results = await runCases({ url: server.url, agent: "hawser", client: hawserEcho() });

  expect(results.filter(({ behaviour }) => behaviour === "FAILED").map(lineOf)).toEqual([]);
  expect(exitCodeOf(results)).toBe(0);
  expect(ids(results)).toEqual(ids(corpus));
  // Without permessage-deflate the cases 12 and 13 are over before they begin.
  const isOfDeflate = wantedBy(["12.*", "13.*"]);
  expect(results.filter(({ id }) => !isOfDeflate(id))).toHaveLength(301);
  expect(results.every(({ id, behaviour }) => isOfDeflate(id) === (behaviour === "UNIMPLEMENTED"))).toBe(true);
  expect(server.reports).toEqual(["hawser"]);
}, 240_000);

test("with compression it passes those that want permessage-deflate", async () => {
  await using server = await startImitation();
  const results = await runCases({
    url: server.url,
    agent: "hawser",
    client: hawserEcho({ compression: true }),
    // The others of 13 differ in one parameter from these.
    isWanted: wantedBy(["12.*", "13.3.*", "13.7.*"]),
  });

  expect(results.filter(({ behaviour }) => behaviour !== "OK").map(lineOf)).toEqual([]);
  expect(results).toHaveLength(4 * 18);
}, 240_000);

describe("the imitation finds out", () => {
  test("ws with its own limit of fragments, in the four cases in which Autobahn does", async () => {
    const failed = await failures(bareEcho({}), ["9.3.*", "9.4.*"]);

    expect(failed).toEqual(["9.3.1", "9.3.2", "9.4.1", "9.4.2"]);
  });

  test("a client that answers no ping", async () => {
    const failed = await failures(bareEcho({ autoPong: false }), ["2.1", "2.5", "2.7", "2.11"], 1_000);

    expect(failed).toEqual(["2.1", "2.11"]);
  });

  test("a client that does not look at UTF-8", async () => {
    const patterns = ["6.1.*", "6.3.1", "6.4.1", "6.16.*", "6.20.1", "7.5.1"];
    const failed = await failures(bareEcho({ skipUTF8Validation: true }), patterns, 1_000);

    expect(failed).toEqual(["6.3.1", "6.4.1", "6.16.1", "6.16.2", "6.16.3", "6.20.1", "7.5.1"]);
  });

  test("a client that echoes text as binary", async () => {
    const failed = await failures(bareEcho({}, true), ["1.1.1", "1.1.7", "1.2.1"], 1_000);

    expect(failed).toEqual(["1.1.1", "1.1.7"]);
  });

  test("a client whose compressed echo is another text", async () => {
    class Louder extends EchoStream {
      protected override async onMessage(message: string | Uint8Array): Promise<void> {
        await this.send(String(message).toUpperCase());
      }
    }
    const client = { runCase: async (url: string) => new Louder(url, { compression: true }).run() };

    expect(await failures(client, ["12.1.5", "13.2.5"], 1_000)).toEqual(["12.1.5", "13.2.5"]);
  });

  test("a client that echoes twice", async () => {
    class Twice extends EchoStream {
      protected override async onMessage(message: string | Uint8Array): Promise<void> {
        await this.send(message);
        await this.send(message);
      }
    }
    const client = { runCase: async (url: string) => new Twice(url).run() };

    expect(await failures(client, ["9.7.2", "9.8.3"], 1_000)).toEqual(["9.7.2", "9.8.3"]);
  });

  test("a client that closes where it should wait", async () => {
    class Hasty extends EchoStream {
      protected override async onMessage(): Promise<void> {
        void this.close();
      }
    }
    const client = { runCase: async (url: string) => new Hasty(url).run() };

    expect(await failures(client, ["1.1.2", "7.1.1"])).toEqual(["1.1.2", "7.1.1"]);
  });
});
