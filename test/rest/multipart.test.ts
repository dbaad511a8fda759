import { createReadStream, openAsBlob } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import * as http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import busboy from "busboy";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isServiceConfigurationError } from "../../src/core/errors.ts";
import { type MultipartBody, prepareMultipart } from "../../src/rest/multipart.ts";
import type { PreparedBody } from "../../src/rest/prepared-body.ts";
import { httpServer, rawServer } from "../support/http-server.ts";
import { anyFailureOf, failureOf, startedPayments } from "../support/rest-client.ts";

function prepared(multipart: unknown): { body: PreparedBody; problems: string[] } {
  const problems: string[] = [];
  const body = prepareMultipart(multipart as MultipartBody, (problem) => problems.push(problem));
  return { body, problems };
}

async function wireOf(multipart: MultipartBody): Promise<{ bytes: Buffer; body: PreparedBody }> {
  const { body, problems } = prepared(multipart);
  expect(problems).toEqual([]);
  return { bytes: await buffer(body.open() as Readable), body };
}

/** The text of the parts' heads, without the boundary. */
async function headsOf(multipart: MultipartBody): Promise<string> {
  const { bytes, body } = await wireOf(multipart);
  const boundary = body.contentType?.split("boundary=")[1] ?? "";
  return bytes.toString("latin1").replaceAll(boundary, "B");
}

interface SeenPart {
  readonly name: string;
  readonly filename?: string | undefined;
  readonly type: string;
  readonly content: Buffer;
}

/** A real server with a real parser: what it made of each request. */
async function parsingServer(): Promise<
  AsyncDisposable & { url: string; parts: SeenPart[][]; lengths: (string | undefined)[] }
> {
  const parts: SeenPart[][] = [];
  const lengths: (string | undefined)[] = [];
  const server = http.createServer((request, response) => {
    const seen: SeenPart[] = [];
    const reading: Promise<void>[] = [];
    const parser = busboy({ headers: request.headers, defParamCharset: "utf8" });
    parser.on("field", (name, value, { mimeType }) => seen.push({ name, type: mimeType, content: Buffer.from(value) }));
    parser.on("file", (name, stream, { filename, mimeType }) => {
      reading.push(buffer(stream).then((content) => void seen.push({ name, filename, type: mimeType, content })));
    });
    const finish = async (): Promise<void> => {
      await Promise.all(reading);
      parts.push(seen);
      lengths.push(request.headers["content-length"]);
      response.end();
    };
    parser.on("close", () => void finish());
    request.pipe(parser);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    parts,
    lengths,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hawser-multipart-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe("what a server makes of it", () => {
  test("fields and files of every kind arrive as they were given, under a known length", async () => {
    const path = join(folder, "receipt.pdf");
    await writeFile(path, "%PDF from a file");
    await using server = await parsingServer();
    await using service = await startedPayments(server);
    await service.post("/claims", {
      multipart: {
        amount: 12.5,
        tags: ["a", "b"],
        none: undefined,
        note: "grüße",
        bytes: Uint8Array.of(0, 13, 10, 255),
        blob: await openAsBlob(path, { type: "application/pdf" }),
        file: new File(["x"], "naïve.txt", { type: "text/plain" }),
        stream: { content: () => createReadStream(path), size: 16, filename: "s.pdf", contentType: "application/pdf" },
        meta: { content: '{"a":1}', contentType: "application/json" },
      },
    });
    const text = (name: string, content: string): SeenPart => ({
      name,
      type: "text/plain",
      content: Buffer.from(content),
    });
    expect(server.parts[0]?.filter(({ filename }) => filename === undefined)).toEqual([
      text("amount", "12.5"),
      text("tags", "a"),
      text("tags", "b"),
      text("note", "grüße"),
      { name: "meta", type: "application/json", content: Buffer.from('{"a":1}') },
    ]);
    expect(server.parts[0]?.filter(({ filename }) => filename !== undefined)).toEqual([
      { name: "bytes", filename: "blob", type: "application/octet-stream", content: Buffer.from([0, 13, 10, 255]) },
      { name: "blob", filename: "blob", type: "application/pdf", content: Buffer.from("%PDF from a file") },
      { name: "file", filename: "naïve.txt", type: "text/plain", content: Buffer.from("x") },
      { name: "stream", filename: "s.pdf", type: "application/pdf", content: Buffer.from("%PDF from a file") },
    ]);
    expect(Number(server.lengths[0])).toBeGreaterThan(500);
  });

  test("a FormData is sent as it is", async () => {
    const form = new FormData();
    form.set("a", "1");
    form.set("f", new File(["content"], "f.txt"));
    await using server = await parsingServer();
    await using service = await startedPayments(server);
    await service.post("/", { multipart: form });
    expect(server.parts[0]?.map(({ name, filename, content }) => [name, filename, content.toString()])).toEqual([
      ["a", undefined, "1"],
      ["f", "f.txt", "content"],
    ]);
  });

  test("a stream of unknown size goes without a length", async () => {
    await using server = await parsingServer();
    await using service = await startedPayments(server);
    await service.post("/", { multipart: { f: { content: () => Readable.from([Buffer.from("abc")]) } } });
    expect(server.lengths).toEqual([undefined]);
    expect(server.parts[0]?.[0]?.content.toString()).toBe("abc");
  });

  test("the parser of the platform reads any names and contents back as they were", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.string({ unit: "grapheme" }), fc.uint8Array(), fc.string({ unit: "grapheme" })), {
          maxLength: 5,
        }),
        async (entries) => {
          const form = new FormData();
          for (const [name, content, filename] of entries) form.append(name, new File([content], filename));
          const { bytes, body } = await wireOf(form);
          expect(bytes.byteLength).toBe(body.contentLength);
          const headers = { "content-type": body.contentType ?? "" };
          const read = await new Response(new Uint8Array(bytes), { headers }).formData();
          const seen = await Promise.all(
            [...read].map(async ([name, file]) => [name, await (file as File).bytes(), (file as File).name]),
          );
          const lines = (text: string): string => text.replaceAll(/\r\n|\r|\n/g, "\r\n");
          expect(seen).toEqual(entries.map(([name, content, filename]) => [lines(name), content, filename]));
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe("names", () => {
  test("cannot end their quotes or their line, so none can add a header or a part", async () => {
    const evil = 'a"\r\nx-evil: 1\r\n\r\n--B';
    expect(await headsOf({ [evil]: new File(["x"], evil) })).toBe(
      '--B\r\ncontent-disposition: form-data; name="a%22%0D%0Ax-evil: 1%0D%0A%0D%0A--B"; ' +
        'filename="a%22%0D%0Ax-evil: 1%0D%0A%0D%0A--B"\r\ncontent-type: application/octet-stream\r\n\r\nx\r\n--B--\r\n',
    );
  });

  test("a line break in a field and its name is CRLF, as in a form; in the content of a part it stays", async () => {
    expect(await headsOf({ "a\nb": "1\r2\n3\r\n4", raw: { content: "1\n2" } })).toBe(
      '--B\r\ncontent-disposition: form-data; name="a%0D%0Ab"\r\n\r\n1\r\n2\r\n3\r\n4\r\n' +
        '--B\r\ncontent-disposition: form-data; name="raw"\r\n\r\n1\n2\r\n--B--\r\n',
    );
  });

  test("no parts at all are an empty body that parsers accept", async () => {
    expect(await headsOf({})).toBe("--B--\r\n");
  });
});

describe("a body that cannot be sent", () => {
  test.each([
    ["a string", "a=1", "multipart must be a FormData, or an object of names and parts"],
    ["a URLSearchParams", new URLSearchParams("a=1"), "multipart must be a FormData, or an object of names and parts"],
    ["an object without content", { f: { file: 1 } }, /^multipart.f must be a string, number/],
    ["an unknown option", { f: { content: "a", fileName: "x" } }, /unknown option fileName; known are content/],
    [
      "a filename that is none",
      { f: { content: "a", filename: 5 } },
      "multipart.f must have a filename that is a string",
    ],
    ["an injected type", { f: { content: "a", contentType: "a\r\nb: c" } }, /contentType that a header can hold/],
    ["a size that is none", { f: { content: () => [], size: -1 } }, "multipart.f must have a size in whole bytes"],
    ["a size that is not so", { f: { content: "abc", size: 4 } }, "multipart.f has 3 bytes, not size (4)"],
    ["a content that is none", { f: { content: 5 } }, /^multipart.f has a content that must be a stream/],
  ])("%s is refused", (_kind, multipart, problem) => {
    const { problems } = prepared(multipart);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });

  test("a call with one is refused before any I/O", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    const call = service.post("/", { multipart: { f: { content: 5 as never } } });
    await failureOf(call, isServiceConfigurationError);
    expect(server.connections).toBe(0);
  });
});

describe("repeating", () => {
  test("parts that can be made again are sent again, whole", async () => {
    await using server = await httpServer((_request, response, number) => {
      response.statusCode = number === 1 ? 503 : 200;
      response.end();
    });
    await using service = await startedPayments(server);
    await service.put("/", {
      multipart: { a: "1", f: { content: () => Readable.from([Buffer.from("abc")]) }, b: new Blob(["b"]) },
    });
    expect(server.requests).toHaveLength(2);
    expect(server.requests[1]?.body).toBe(server.requests[0]?.body);
    expect(server.requests[1]?.body).toContain("abc");
  });

  test("one stream that can be read once makes the call one-shot, and is closed in any case", async () => {
    await using server = await httpServer((_request, response) => {
      response.statusCode = 503;
      response.end();
    });
    await using service = await startedPayments(server);
    const once = Readable.from([Buffer.from("abc")]);
    const error = await anyFailureOf(service.put("/", { multipart: { f: { content: once } } }));
    expect(error.attempts).toHaveLength(1);
    expect(once.destroyed).toBe(true);
  });

  test.each([
    ["fewer", 4],
    ["more", 2],
  ])("a stream of %s bytes than its size ends the attempt, and no answer is taken for success", async (_kind, size) => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    const content = (): Readable => Readable.from([Buffer.from("abc")]);
    const error = await anyFailureOf(service.put("/", { multipart: { f: { content, size } } }));
    expect((error.cause as Error | undefined)?.message ?? error.message).toMatch(/size \(\d\)/);
    expect(server.requests).toEqual([]);
  });
});

test("a slow server is not run over: the stream is read no faster than the socket takes it", async () => {
  await using server = await rawServer((socket) => socket.pause());
  await using service = await startedPayments(server, { attemptTimeoutMs: 300, deadlineMs: 300 });
  let made = 0;
  const chunk = Buffer.alloc(64 * 1024);
  async function* endless(): AsyncGenerator<Uint8Array> {
    for (;;) {
      made += chunk.byteLength;
      yield chunk;
    }
  }
  await anyFailureOf(service.put("/", { multipart: { f: { content: endless } } }));
  expect(made).toBeLessThan(64 * 1024 * 1024);
});
