import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  isServiceConfigurationError,
  isServiceConnectionError,
  isServiceDecodeError,
  isServiceResponseError,
  isServiceTimeoutError,
} from "../../src/core/errors.ts";
import type { DownloadOptions, DownloadProgress } from "../../src/rest/download.ts";
import { httpServer, rawAnswer, type SeenRequest } from "../support/http-server.ts";
import { failureOf, reasonOf, startedPayments } from "../support/rest-client.ts";

const content = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 31 + (i >> 8)) % 251));
const other = Buffer.from(content.toReversed());

type Script = (response: ServerResponse, request: SeenRequest) => void;
const fileServer = (...scripts: readonly Script[]): ReturnType<typeof httpServer> =>
  httpServer((request, response, number) => {
    response.on("error", () => undefined);
    scripts[Math.min(number, scripts.length) - 1]?.(response, request);
  });

interface How {
  readonly of?: Buffer;
  readonly etag?: string | undefined;
  readonly headers?: Record<string, string>;
  /** Bytes of this answer after which the connection breaks. */
  readonly breakAfter?: number;
}

/** The whole, from the beginning, whatever was asked for. */
const whole =
  ({ of = content, etag = '"v1"', headers = {}, breakAfter }: How = {}): Script =>
  (response) => {
    response.writeHead(200, { "content-length": of.length, ...(etag === "" ? {} : { etag }), ...headers });
    if (breakAfter === undefined) response.end(of);
    else response.write(of.subarray(0, breakAfter), () => response.destroy());
  };

/** What was asked for, as a good server does: a part where If-Range holds, else the whole. */
const ranged =
  (how: How = {}): Script =>
  (response, request) => {
    const { of = content, etag = '"v1"', headers = {}, breakAfter } = how;
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? Number.NaN);
    if (Number.isNaN(start) || request.headers["if-range"] !== etag) {
      whole(how)(response, request);
      return;
    }
    const part = of.subarray(start);
    const range = { "content-range": `bytes ${start}-${of.length - 1}/${of.length}` };
    response.writeHead(206, { "content-length": part.length, etag, ...range, ...headers });
    if (breakAfter === undefined) response.end(part);
    else response.write(part.subarray(0, breakAfter), () => response.destroy());
  };

/** An answer that contradicts itself or the request. */
const answers =
  (status: number, headers: Record<string, string>, body: string | Buffer = ""): Script =>
  (response) =>
    void response.writeHead(status, headers).end(body);

let folder: string;
let to: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hawser-download-"));
  to = join(folder, "file.bin");
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});
const files = (): Promise<string[]> => readdir(folder);
const quick = { reconnect: { baseDelayMs: 1, maxFailures: 3 } };

describe("a download", () => {
  test("is there under its name when it is whole, and nothing is left beside it", async () => {
    await using server = await fileServer(whole());
    await using service = await startedPayments(server);
    const steps: DownloadProgress[] = [];
    const done = await service.download("/files/{id}", {
      path: { id: 7 },
      to,
      onProgress: (step) => steps.push(step),
    });
    expect(done).toMatchObject({ bytes: 100_000, isModified: true, connections: 1, headers: { etag: '"v1"' } });
    expect(await readFile(to)).toEqual(content);
    expect(await files()).toEqual(["file.bin"]);
    expect(steps.at(-1)).toEqual({ receivedBytes: 100_000, totalBytes: 100_000 });
    expect(server.requests[0]).toMatchObject({ url: "/files/7", headers: { "accept-encoding": "identity" } });
    expect(server.requests[0]?.headers).not.toHaveProperty("range");
  });

  test("goes into a stream, and ends it", async () => {
    await using server = await fileServer(whole());
    await using service = await startedPayments(server);
    const stream = new PassThrough();
    const [bytes] = await Promise.all([buffer(stream), service.download("/", { to: stream })]);
    expect(bytes).toEqual(content);
  });

  test("of unknown length is whole when the answer ends", async () => {
    await using server = await fileServer((response) => {
      response.write("abc");
      response.end("def");
    });
    await using service = await startedPayments(server);
    expect(await service.download("/", { to })).toMatchObject({ bytes: 6 });
    expect(await readFile(to, "utf8")).toBe("abcdef");
  });

  test("of nothing is an empty file", async () => {
    await using server = await fileServer(whole({ of: Buffer.alloc(0) }));
    await using service = await startedPayments(server);
    expect(await service.download("/", { to })).toMatchObject({ bytes: 0, isModified: true });
    expect(await readFile(to)).toEqual(Buffer.alloc(0));
  });

  test("replaces a file that was there, but only when it is whole", async () => {
    await writeFile(to, "before");
    await using server = await fileServer(whole({ breakAfter: 10 }), whole());
    await using service = await startedPayments(server);
    await failureOf(service.download("/", { to, reconnect: false, maxRetries: 0 }), isServiceConnectionError);
    expect(await readFile(to, "utf8")).toBe("before");
    await service.download("/", { to });
    expect(await readFile(to)).toEqual(content);
    expect(await files()).toEqual(["file.bin"]);
  });

  test("that is not modified writes nothing, and says so", async () => {
    await writeFile(to, "before");
    await using server = await fileServer(answers(304, { etag: '"v1"' }));
    await using service = await startedPayments(server);
    const headers = { "if-none-match": '"v1"' };
    expect(await service.download("/", { to, headers })).toMatchObject({ isModified: false, bytes: 0 });
    expect(await readFile(to, "utf8")).toBe("before");
    const stream = new PassThrough();
    const [bytes] = await Promise.all([buffer(stream), service.download("/", { to: stream, headers })]);
    expect(bytes.byteLength).toBe(0);
    expect(await files()).toEqual(["file.bin"]);
  });
});

/** Into a file and into a stream alike: what arrived. */
async function arrived(
  scripts: readonly Script[],
  into: "file" | "stream",
  options: Partial<DownloadOptions> = {},
): Promise<{ bytes: Buffer; ranges: (string | undefined)[]; connections: number }> {
  await using server = await fileServer(...scripts);
  await using service = await startedPayments(server);
  const stream = new PassThrough();
  const reading = into === "stream" ? buffer(stream) : undefined;
  const { connections } = await service.download("/", { to: into === "file" ? to : stream, ...quick, ...options });
  const ranges = server.requests.map(({ headers }) => headers.range);
  return { bytes: reading === undefined ? await readFile(to) : await reading, ranges, connections };
}

describe.each(["file", "stream"] as const)("a connection that breaks, on the way into a %s", (into) => {
  test("is taken up where it broke, as often as it takes", async () => {
    const seen = await arrived([whole({ breakAfter: 30_000 }), ranged({ breakAfter: 30_000 }), ranged()], into);
    expect(seen.bytes).toEqual(content);
    expect(seen.ranges).toEqual([undefined, "bytes=30000-", "bytes=60000-"]);
    expect(seen.connections).toBe(3);
  });

  test("is taken up through failures of the service", async () => {
    const busy = answers(503, {});
    const seen = await arrived([busy, whole({ breakAfter: 9 }), busy, answers(500, {}), ranged()], into);
    expect(seen.bytes).toEqual(content);
  });

  test("is taken up by a date, where that is strong enough", async () => {
    const modified = "Thu, 01 Jan 2026 00:00:00 GMT";
    const how = { etag: "", headers: { "last-modified": modified } };
    const seen = await arrived([whole({ ...how, breakAfter: 9 }), ranged({ etag: modified })], into);
    expect(seen.bytes).toEqual(content);
    expect(seen.ranges).toEqual([undefined, "bytes=9-"]);
  });

  test("passes over what is there where the server ignores Range, and it certainly is the same", async () => {
    const seen = await arrived([whole({ breakAfter: 30_000 }), whole()], into);
    expect(seen.bytes).toEqual(content);
    expect(seen.connections).toBe(2);
  });

  test("is whole where it broke after the last byte, and a 416 says so", async () => {
    const chunked: Script = (response) => {
      response.writeHead(200, { etag: '"v1"' });
      response.write(content, () => response.destroy());
    };
    const seen = await arrived([chunked, answers(416, { "content-range": `bytes */${content.length}` })], into);
    expect(seen.bytes).toEqual(content);
    expect(seen.ranges).toEqual([undefined, "bytes=100000-"]);
  });

  test("asks at once for what is left where a part is shorter than was asked for", async () => {
    const short: Script = (response, request) => {
      const start = Number(/(\d+)-$/.exec(request.headers.range ?? "")?.[1]);
      const part = content.subarray(start, start + 40_000);
      const range = `bytes ${start}-${start + part.length - 1}/${content.length}`;
      response.writeHead(206, { etag: '"v1"', "content-range": range }).end(part);
    };
    // Not even one failure is allowed after the first.
    const seen = await arrived([whole({ breakAfter: 10_000 }), short], into, {
      reconnect: { baseDelayMs: 1, maxFailures: 1 },
    });
    expect(seen.bytes).toEqual(content);
    expect(seen.ranges).toEqual([undefined, "bytes=10000-", "bytes=50000-", "bytes=90000-"]);
  });
});

describe("what is not certainly the same", () => {
  const begun = whole({ breakAfter: 30_000 });
  test.each<[string, readonly Script[], Buffer]>([
    ["a changed file under a new tag", [begun, ranged({ of: other, etag: '"v2"' })], other],
    [
      "a part under another tag than was asked for",
      [
        begun,
        answers(206, { etag: '"v2"', "content-range": "bytes 30000-99999/100000" }, other.subarray(30_000)),
        whole({ of: other }),
      ],
      other,
    ],
    [
      "a part from another place",
      [begun, answers(206, { "content-range": "bytes 0-99999/100000" }, content), whole()],
      content,
    ],
    ["a part without its place", [begun, answers(206, {}, content), whole()], content],
    [
      "a part of another length",
      [begun, answers(206, { "content-range": "bytes 30000-99999/200000" }, content), whole()],
      content,
    ],
    [
      "a whole of the same tag in a weak form",
      [whole({ etag: 'W/"v1"', breakAfter: 30_000 }), whole({ of: other })],
      other,
    ],
    ["no tag at all", [whole({ etag: "", breakAfter: 30_000 }), whole({ of: other, etag: "" })], other],
    [
      "a 416 of less than there was",
      [begun, answers(416, { "content-range": "bytes */5" }), whole({ of: other })],
      other,
    ],
  ])("starts anew in a file, and is never mixed: %s", async (_kind, scripts, expected) => {
    const seen = await arrived(scripts, "file");
    expect(seen.bytes).toEqual(expected);
    expect(seen.ranges.at(-1) === undefined || expected === other).toBe(true);
    expect(await files()).toEqual(["file.bin"]);
  });

  test("is an error in a stream, which cannot take back what it gave", async () => {
    await using server = await fileServer(begun, whole({ of: other, etag: '"v2"' }));
    await using service = await startedPayments(server);
    const stream = new PassThrough();
    const read = reasonOf(buffer(stream));
    const error = await failureOf(service.download("/", { to: stream, ...quick }), isServiceDecodeError);
    expect(error.code).toBe("decode-range");
    expect(error.message).toContain("it has changed since the download began, and a stream cannot start anew");
    expect(await read).toBe(error);
  });

  test("a part that nobody asked for is refused, again and again", async () => {
    await using server = await fileServer(answers(206, { "content-range": "bytes 5-9/10" }, "56789"));
    await using service = await startedPayments(server);
    const error = await failureOf(service.download("/", { to, ...quick }), isServiceDecodeError);
    expect(error.code).toBe("decode-range");
    expect(server.requests).toHaveLength(4);
    expect(await files()).toEqual([]);
  });
});

describe("a download that fails", () => {
  const failing = async (scripts: readonly Script[], options: Partial<DownloadOptions> = {}): Promise<unknown> => {
    await using server = await fileServer(...scripts);
    await using service = await startedPayments(server);
    const reason = await reasonOf(service.download("/", { to, ...quick, ...options }));
    expect(await files()).toEqual([]);
    return reason;
  };

  test("for good, is not tried again", async () => {
    const reason = await failing([whole({ breakAfter: 9 }), answers(404, {})]);
    expect(isServiceResponseError(reason) && reason.status).toBe(404);
  });

  test("in passing, is given up after maxFailures that brought nothing", async () => {
    expect(isServiceResponseError(await failing([answers(503, {})]))).toBe(true);
  });

  test("by its deadline, however often a byte comes", async () => {
    const drip: Script = (response, request) => {
      const start = Number(/(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
      (start === 0 ? whole({ breakAfter: 1 }) : ranged({ breakAfter: 1 }))(response, request);
    };
    const reason = await failing([drip], { deadlineMs: 200 });
    expect(isServiceTimeoutError(reason) || isServiceConnectionError(reason)).toBe(true);
  });

  test("by a body that stalls", async () => {
    await using server = await fileServer((response) => {
      response.writeHead(200, { "content-length": 10 });
      response.write("half");
    });
    await using service = await startedPayments(server, { bodyIdleTimeoutMs: 50 });
    const error = await failureOf(service.download("/", { to, reconnect: false }), isServiceTimeoutError);
    expect(error.limit).toBe("body-idle");
    expect(await files()).toEqual([]);
  });

  test("by the caller, with the caller's reason", async () => {
    const controller = new AbortController();
    const reason = await failing([whole()], {
      signal: controller.signal,
      onProgress: () => controller.abort("enough"),
    });
    expect(reason).toBe("enough");
  });

  test("by more than it may have, whether that was announced or not", async () => {
    const announced = await failing([whole()], { maxBytes: 1_000 });
    const chunked = await failing([(response) => void response.writeHead(200).end(content)], { maxBytes: 1_000 });
    for (const reason of [announced, chunked]) expect(reason).toMatchObject({ code: "decode-too-large" });
  });

  test("by a compressed answer, although none was asked for", async () => {
    const reason = await failing([answers(200, { "content-encoding": "gzip" }, gzipSync(content))]);
    expect(reason).toMatchObject({ code: "decode-encoding" });
  });

  test("by the disk, with its own error, before anything is asked for", async () => {
    await using server = await fileServer(whole());
    await using service = await startedPayments(server);
    const nowhere = join(folder, "missing", "file.bin");
    expect(await reasonOf(service.download("/", { to: nowhere }))).toMatchObject({ code: "ENOENT" });
    expect(server.connections).toBe(0);
    expect(await reasonOf(service.download("/", { to: folder }))).toMatchObject({ code: "EISDIR" });
    expect(await files()).toEqual([]);
  });

  test("by its stream, with its own error, and its connection is given back", async () => {
    await using server = await fileServer(whole());
    await using service = await startedPayments(server);
    const full = new Error("the disk is full");
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(full) });
    expect(await reasonOf(service.download("/", { to: stream }))).toBe(full);
    const closed = new Writable({ highWaterMark: 1, write: () => undefined });
    setImmediate(() => closed.destroy());
    expect(String(await reasonOf(service.download("/", { to: closed })))).toMatch(
      /closed before the download was whole/,
    );
    expect((await service.checkHealth()).details).toMatchObject({ inFlight: 0 });
  });

  test("by a stream that takes nothing, at the deadline", async () => {
    await using server = await fileServer((response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(content));
      };
      response.on("drain", more);
      more();
    });
    await using service = await startedPayments(server);
    const stream = new Writable({ highWaterMark: 1, write: () => undefined });
    const error = await failureOf(service.download("/", { to: stream, deadlineMs: 200 }), isServiceTimeoutError);
    expect(error.limit).toBe("deadline");
    expect(stream.destroyed).toBe(true);
  });

  test("by a connection that ends early without a word", async () => {
    await using server = await rawAnswer("HTTP/1.1 206 Partial Content\ncontent-range: bytes 0-9/10\n\nhalf");
    await using service = await startedPayments(server);
    const error = await failureOf(service.download("/", { to, ...quick }), isServiceDecodeError);
    expect(error.code).toBe("decode-range");
    expect(await files()).toEqual([]);
  });

  test("by options that are wrong, before any I/O", async () => {
    await using server = await fileServer(whole());
    await using service = await startedPayments(server);
    for (const options of [
      {},
      { to: "" },
      { to: 5 },
      { to, maxBytes: 0 },
      { to, onProgress: 1 },
      { to, reconnect: 1 },
    ]) {
      await failureOf(service.download("/", options as never), isServiceConfigurationError);
    }
    await failureOf(service.download("/", { to, resume: true } as never), isServiceConfigurationError);
    expect(server.connections).toBe(0);
    expect(await files()).toEqual([]);
  });
});
