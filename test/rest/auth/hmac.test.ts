import { createHash, createHmac } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { isServiceConfigurationError } from "../../../src/core/errors.ts";
import { Secret } from "../../../src/core/secret.ts";
import { hmac, type HmacOptions } from "../../../src/rest/auth/hmac.ts";
import { refusalOf } from "../../support/configuration.ts";
import { httpServer } from "../../support/http-server.ts";
import { failureOf, logbook, startedPayments } from "../../support/rest-client.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

const key = "s3cr3t";
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const signature = (text: string): string => createHmac("sha256", key).update(text).digest("hex");
// Where the virtual clock stands still.
const now = "1767225600";

describe("the signature", () => {
  test.each([
    ["GET", "/a b", undefined, "GET\n/a%20b\n\n" + now + "\n" + sha256("")],
    ["POST", "/x?b=2&a=1", { text: "ü" }, "POST\n/x\nb=2&a=1\n" + now + "\n" + sha256("ü")],
    ["PUT", "/x", { bytes: Buffer.from([1, 2]) }, "PUT\n/x\n\n" + now + "\n" + sha256("\u0001\u0002")],
    ["POST", "/x", { json: { a: 1 } }, "POST\n/x\n\n" + now + "\n" + sha256('{"a":1}')],
    ["POST", "/x", { form: { a: "1 2" } }, "POST\n/x\n\n" + now + "\n" + sha256("a=1+2")],
  ])("of %s %s with %o is over method, path, query, time and body", async (method, endpoint, body, text) => {
    await using server = await httpServer();
    const auth = hmac({ key, keyId: "k1" });
    await using service = await startedPayments(server, { auth, clock: new VirtualClock() });
    await service.request(method, endpoint.replace(" ", "%20"), body ?? {});
    expect(server.requests[0]?.headers).toMatchObject({
      "x-signature": signature(text),
      "x-timestamp": now,
      "x-key-id": "k1",
    });
  });

  test("is made anew for each attempt, with its own time", async () => {
    let time = 1_700_000_000_000;
    await using server = await httpServer((_request, response, number) => {
      time += 60_000;
      response.writeHead(number === 1 ? 503 : 200).end();
    });
    const clock = { ...systemClock, wallNow: () => time };
    await using service = await startedPayments(server, { auth: hmac({ key }), clock });
    await service.get("/x");
    expect(server.requests.map(({ headers }) => headers["x-timestamp"])).toEqual(["1700000000", "1700000060"]);
    expect(server.requests[0]?.headers["x-signature"]).not.toBe(server.requests[1]?.headers["x-signature"]);
  });

  test("follows the habits of the service", async () => {
    await using server = await httpServer();
    const auth = hmac({
      key: new Secret(key),
      algorithm: "sha512",
      encoding: "base64",
      prefix: "v1=",
      signatureHeader: "X-Sig",
      timestampHeader: "Date-Ms",
      timestamp: "milliseconds",
      canonical: ({ timestamp, body, headers, origin }) =>
        `${timestamp}.${String(body)}.${headers["x-tenant"] ?? ""}.${origin}`,
    });
    const clock = new VirtualClock();
    await using service = await startedPayments(server, { auth, clock, headers: { "x-tenant": "t" } });
    await service.post("/x", { text: "body" });
    const signed = createHmac("sha512", key).update(`${now}000.body.t.${server.url}`).digest("base64");
    expect(server.requests[0]?.headers).toMatchObject({ "x-sig": `v1=${signed}`, "date-ms": `${now}000` });
    expect(server.requests[0]?.headers["x-key-id"]).toBeUndefined();
  });

  test("has its time as ISO 8601 where the service reads that", async () => {
    await using server = await httpServer();
    const clock = new VirtualClock();
    await using service = await startedPayments(server, { auth: hmac({ key, timestamp: "iso" }), clock });
    await service.get("/x");
    expect(server.requests[0]?.headers["x-timestamp"]).toBe("2026-01-01T00:00:00.000Z");
  });
});

test("a body that is a stream is refused before anything is sent", async () => {
  await using server = await httpServer();
  await using service = await startedPayments(server, { auth: hmac({ key }) });
  const error = await failureOf(service.post("/x", { stream: () => [Buffer.from("a")] }), isServiceConfigurationError);
  expect(error.problems).toEqual(["POST /x: hmac cannot sign a body that is a stream: give it as bytes or text"]);
  expect(server.connections).toBe(0);
});

test("a canonical that gives no text is the caller's to mend, and nothing is sent", async () => {
  await using server = await httpServer();
  const auth = hmac({ key, canonical: (() => undefined) as unknown as () => string });
  await using service = await startedPayments(server, { auth });
  const error = await failureOf(service.get("/x"), isServiceConfigurationError);
  expect(error.problems).toEqual(["GET /x: canonical of hmac must give a string"]);
  expect(server.connections).toBe(0);
});

test("neither key nor signature shows in a log or by inspect", async () => {
  const { logger, entries } = logbook();
  await using server = await httpServer();
  const auth = hmac({ key, signatureHeader: "x-proof" });
  await using service = await startedPayments(server, { auth, logger });
  await service.get("/x");
  const shown = inspect([entries, auth, service], { depth: 9 });
  expect(shown).not.toContain(key);
  expect(shown).not.toContain(server.requests[0]?.headers["x-proof"]);
});

test("wrong options are told all at once", () => {
  const wrong = { algorithm: "md5", signatureHeader: "x sig", keyId: "a\n", canonical: "text", secret: key };
  expect(refusalOf(() => hmac(wrong as unknown as HmacOptions)).problems).toEqual([
    "key is required",
    expect.stringContaining("algorithm must be one of sha256 | sha384 | sha512"),
    "canonical must be a function, not a string",
    expect.stringContaining('signatureHeader: header "x sig" is not a valid header name'),
    expect.stringContaining("keyIdHeader: header x-key-id must not contain CR, LF"),
    expect.stringContaining("unknown option secret"),
  ]);
  expect(refusalOf(() => hmac({ key, signatureHeader: "x-a", timestampHeader: "X-A" })).problems).toEqual([
    "signatureHeader, timestampHeader and keyIdHeader must be three different headers",
  ]);
});
