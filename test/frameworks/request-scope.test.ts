import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { connect, constants, createServer, type Http2ServerResponse } from "node:http2";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { currentRequest } from "../../src/core/request-scope.ts";
import { ClientGoneError, clientGone, isNoLogger, requestScope } from "../../src/frameworks/request-scope.ts";
import { settled } from "../support/virtual-clock.ts";

const services = { start: async () => undefined, stop: async () => undefined };

test("a request that is entered after its time is out of time, and not without a deadline", async () => {
  const enter = requestScope({ services, signal: new AbortController().signal, timeoutMs: 1 });
  while ((enter(() => currentRequest()?.remainingMs()) ?? 0) > 0) await settled();
  expect(enter(() => currentRequest()?.remainingMs())).toBeLessThanOrEqual(Number.MIN_VALUE);
});

describe("over HTTP/2", () => {
  /** A request that its client takes back once it has come. */
  async function withCancelled(look: (response: ServerResponse, cancel: () => Promise<void>) => Promise<void>) {
    const server = createServer();
    await once(server.listen(0, "127.0.0.1"), "listening");
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const stream = session.request({ ":path": "/" }).on("error", () => undefined);
    const [, response] = (await once(server, "request")) as [unknown, Http2ServerResponse];
    try {
      await look(response as unknown as ServerResponse, async () => {
        const closed = once(response, "close");
        stream.close(constants.NGHTTP2_CANCEL);
        await closed;
      });
    } finally {
      session.destroy();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  test("a request that is taken back is one whose client went away", async () => {
    await withCancelled(async (response, cancel) => {
      const { signal } = clientGone(response);
      expect(signal.aborted).toBe(false);
      await cancel();
      expect(signal.reason).toBeInstanceOf(ClientGoneError);
    });
  });

  test("so is one that was taken back before anybody looked", async () => {
    await withCancelled(async (response, cancel) => {
      await cancel();
      await settled();
      expect(clientGone(response).signal.reason).toBeInstanceOf(ClientGoneError);
    });
  });
});

test("what a framework has where no logger was asked for is none, and a silent one is", () => {
  const nothing = (): void => undefined;
  const none = { debug: nothing, info: nothing, warn: nothing, error: nothing, child: () => none };
  expect([none, pino({ level: "silent" }), pino({ level: "warn" }, { write: nothing })].map(isNoLogger)).toEqual([
    true,
    false,
    false,
  ]);
});
