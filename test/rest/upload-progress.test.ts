import { once } from "node:events";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { isServiceConfigurationError } from "../../src/core/errors.ts";
import type { BodyOptions } from "../../src/rest/body.ts";
import type { UploadProgress } from "../../src/rest/upload-progress.ts";
import { answerStatuses, httpServer, refusingUrl } from "../support/http-server.ts";
import { anyFailureOf, failureOf, startedPayments } from "../support/rest-client.ts";

const big = Buffer.alloc(150_000, "x");

async function progressOf(body: BodyOptions, statuses = [200]): Promise<{ steps: UploadProgress[]; bytes: number[] }> {
  await using server = await httpServer(answerStatuses(...statuses));
  await using service = await startedPayments(server);
  const steps: UploadProgress[] = [];
  await service.put("/", { ...body, onUploadProgress: (step) => steps.push(step) });
  return { steps, bytes: server.requests.map((request) => request.body.length) };
}

describe("the progress of an upload", () => {
  test("of bytes goes piece by piece up to the whole", async () => {
    const { steps, bytes } = await progressOf({ bytes: big });
    expect(steps.map(({ sentBytes }) => sentBytes)).toEqual([65_536, 131_072, 150_000]);
    expect(steps.every(({ totalBytes }) => totalBytes === 150_000)).toBe(true);
    expect(bytes).toEqual([150_000]);
  });

  test("of a stream has no total, unless a part says it", async () => {
    const stream = (): Readable => Readable.from([Buffer.from("ab"), Buffer.from("c")]);
    const { steps } = await progressOf({ stream });
    expect(steps).toEqual([
      { sentBytes: 2, totalBytes: undefined },
      { sentBytes: 3, totalBytes: undefined },
    ]);
  });

  test("of a multipart body ends at its length", async () => {
    const { steps, bytes } = await progressOf({ multipart: { a: "1", f: new Blob([big]) } });
    const last = steps.at(-1);
    expect(last?.sentBytes).toBe(last?.totalBytes);
    expect(bytes).toEqual([last?.totalBytes]);
  });

  test("starts anew when the call is retried", async () => {
    const { steps } = await progressOf({ bytes: Buffer.from("abc") }, [503, 200]);
    expect(steps.map(({ sentBytes }) => sentBytes)).toEqual([3, 3]);
  });

  test("a callback that throws ends the call, with what it threw as the cause", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    const defect = new Error("a defect of the callback");
    const call = service.put("/", {
      bytes: big,
      onUploadProgress: () => {
        throw defect;
      },
    });
    expect((await anyFailureOf(call)).cause).toBe(defect);
  });

  test("a body that fits in one string is not watched, and a callback must be a function", async () => {
    await using server = await httpServer();
    await using service = await startedPayments(server);
    const error = await failureOf(
      service.put("/", { json: 1, onUploadProgress: 5 as never }),
      isServiceConfigurationError,
    );
    expect(error.problems).toEqual([
      "PUT /: onUploadProgress must be a function",
      "PUT /: onUploadProgress goes with multipart, stream or bytes",
    ]);
  });

  test("a stream that was never asked for, since there was no connection, is closed all the same", async () => {
    await using service = await startedPayments({ url: await refusingUrl() }, { retry: false });
    const stream = Readable.from([Buffer.from("abc")]);
    const closed = once(stream, "close");
    await anyFailureOf(service.put("/", { stream, onUploadProgress: () => undefined }));
    await closed;
    expect(stream.destroyed).toBe(true);
  });
});
