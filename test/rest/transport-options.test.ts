import type { Dispatcher } from "undici";
import { describe, expect, test } from "vitest";
import type { RESTServiceOptions } from "../../src/rest/options.ts";
import { readRESTOptions } from "../../src/rest/options.ts";
import { payments } from "../support/rest-client.ts";

const read = (options: Partial<RESTServiceOptions>): ReturnType<typeof readRESTOptions> =>
  readRESTOptions({ name: "payments", baseUrl: "https://api.test", ...options }, "payments");
const dispatcher = { dispatch: () => true } as unknown as Dispatcher;

test("what is not given has its default", () => {
  expect(read({})).toMatchObject({
    maxConnections: 64,
    maxConnectionAgeMs: 600_000,
    maxResponseBytes: 10_485_760,
    maxRedirects: 5,
    decompress: true,
    blockPrivateAddresses: false,
    http2: false,
    proxy: "environment",
    socketPath: undefined,
    cache: undefined,
    tls: {},
    dispatcher: undefined,
  });
});

test("what is given counts", () => {
  expect(read({ maxConnectionAgeMs: false, cache: true, maxRedirects: 0 })).toMatchObject({
    maxConnectionAgeMs: Number.POSITIVE_INFINITY,
    cache: { maxBytes: 52_428_800, maxEntries: 1024 },
    maxRedirects: 0,
  });
  expect(read({ cache: { maxEntries: 5 } }).cache).toEqual({ maxBytes: 52_428_800, maxEntries: 5 });
  expect(read({ cache: false }).cache).toBeUndefined();
});

test("a unix socket is not reached through a proxy of the environment", () => {
  expect(read({ socketPath: "/run/a.sock" }).proxy).toBe(false);
});

describe("a value that is wrong is an error at construction", () => {
  test.each([
    [{ maxConnectionAgeMs: 0 }, "maxConnectionAgeMs must be"],
    [{ maxConnectionAgeMs: "5m" }, "maxConnectionAgeMs must be"],
    [{ maxRedirects: -1 }, "maxRedirects must be"],
    [{ maxRedirects: 1.5 }, "maxRedirects must be"],
    [{ decompress: "no" }, "decompress must be a boolean"],
    [{ blockPrivateAddresses: 1 }, "blockPrivateAddresses must be a boolean"],
    [{ http2: "yes" }, "http2 must be a boolean"],
    [{ socketPath: "" }, "socketPath must not be empty"],
    [{ socketPath: 7 }, "socketPath must be a string"],
    [{ cache: "yes" }, "cache"],
    [{ cache: { maxBytes: 0 } }, "cache.maxBytes must be"],
    [{ cache: { ttl: 5 } }, "unknown option cache.ttl"],
  ])("%j", (options, problem) => {
    expect(() => read(options as Partial<RESTServiceOptions>)).toThrow(problem);
  });

  test.each([
    [{ dispatcher, http2: true, socketPath: "/a" }, "http2, socketPath cannot be given with dispatcher"],
    [{ dispatcher, blockPrivateAddresses: true }, "blockPrivateAddresses cannot be given with dispatcher"],
    [{ dispatcher, proxy: "http://proxy.test" }, "proxy cannot be given with dispatcher"],
    [{ dispatcher, tls: { rejectUnauthorized: true } }, "tls cannot be given with dispatcher"],
    [{ socketPath: "/a", proxy: "environment" }, "socketPath cannot be given with proxy"],
    [{ socketPath: "/a", blockPrivateAddresses: true }, "blockPrivateAddresses cannot be given with socketPath"],
  ])("and so is a contradiction: %#", (options, problem) => {
    expect(() => payments({ url: "https://api.test" }, options)).toThrow(problem);
  });
});
