import { createHash, createHmac } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { isServiceConfigurationError, isServiceUnavailableError } from "../../../src/core/errors.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { AttemptAuth, AuthRequest } from "../../../src/core/auth/provider.ts";
import { type AwsCredentials, type AwsSigV4Options, awsSigV4 } from "../../../src/rest/auth/sigv4.ts";
import { silentLogger } from "../../../src/core/logger.ts";
import { refusalOf } from "../../support/configuration.ts";
import { httpServer, type SeenRequest } from "../../support/http-server.ts";
import { failureOf, logbook, startedPayments } from "../../support/rest-client.ts";
import { VirtualClock } from "../../support/virtual-clock.ts";

// Of AWS's own examples: "Authenticating Requests: Using the Authorization Header (AWS Signature Version 4)", Amazon S3
// API reference.
const credentials: AwsCredentials = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: new Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
};
const region = "us-east-1";
const s3: AwsSigV4Options = { region, service: "s3", credentials };

function opened(options: AwsSigV4Options): AttemptAuth {
  const clock = systemClock;
  return awsSigV4(options).open({ service: "s3", logger: silentLogger, clock, random: Math.random });
}

function requestOf(path: string, more: Partial<AuthRequest> = {}): AuthRequest {
  return {
    method: "GET",
    origin: "https://examplebucket.s3.amazonaws.com",
    path,
    headers: {},
    body: "",
    attempt: 1,
    signal: new AbortController().signal,
    clock: { ...systemClock, wallNow: () => Date.UTC(2013, 4, 24) },
    ...more,
  };
}

const empty = createHash("sha256").digest("hex");

describe("AWS's own examples", () => {
  const scope = "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
  test.each([
    [
      "GET Object",
      requestOf("/test.txt", { headers: { range: "bytes=0-9", accept: "*/*", "user-agent": "hawser" } }),
      "host;range;x-amz-content-sha256;x-amz-date",
      "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ],
    [
      "GET Bucket Lifecycle",
      requestOf("/?lifecycle"),
      "host;x-amz-content-sha256;x-amz-date",
      "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ],
    [
      "GET Bucket (List Objects)",
      requestOf("/?max-keys=2&prefix=J"),
      "host;x-amz-content-sha256;x-amz-date",
      "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ],
  ])("%s has the signature that AWS publishes", async (_name, request, signed, signature) => {
    const { headers } = await opened(s3).apply(request);
    expect(headers).toEqual({
      authorization: `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=${signed}, Signature=${signature}`,
      "x-amz-date": "20130524T000000Z",
      "x-amz-content-sha256": empty,
    });
  });
});

/** What a server does: works the signature out from what arrived. Written from the specification, not from our code. */
function expectedSignature(request: SeenRequest, host: string, service: string, secret: string): string {
  const [, names = ""] = /SignedHeaders=([^,]+)/.exec(request.headers.authorization ?? "") ?? [];
  const [path = "", query = ""] = request.url.split("?");
  const strict = (text: string): string =>
    encodeURIComponent(text).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
  const canonicalPath = path
    .split("/")
    .map((part) => strict(service === "s3" ? decodeURIComponent(part) : part))
    .join("/");
  const canonicalQuery = query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => pair.split("=").map((part) => strict(decodeURIComponent(part))))
    .map(([name = "", value = ""]) => `${name}=${value}`)
    .toSorted()
    .join("&");
  const values = names.split(";").map((name) => `${name}:${name === "host" ? host : String(request.headers[name])}\n`);
  const canonical = [
    request.method,
    canonicalPath,
    canonicalQuery,
    values.join(""),
    names,
    request.headers["x-amz-content-sha256"],
  ].join("\n");
  const date = String(request.headers["x-amz-date"]);
  const scope = `${date.slice(0, 8)}/${region}/${service}/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", date, scope, createHash("sha256").update(canonical).digest("hex")].join("\n");
  const hmac = (key: string | Buffer, data: string): Buffer => createHmac("sha256", key).update(data).digest();
  const key = scope.split("/").reduce<string | Buffer>((made, part) => hmac(made, part), `AWS4${secret}`);
  return hmac(key, text).toString("hex");
}

describe("over a real connection", () => {
  const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
  test.each([
    ["s3", "GET", "/a%20b/(c)!.txt?x=1&x=0&empty=&k%2Fey=ü"],
    ["execute-api", "GET", "/prod/a%20b/c?z=1&a=%26"],
    ["execute-api", "GET", "/"],
  ])("the signature of %s %s %s is what a server works out", async (service, method, endpoint) => {
    await using server = await httpServer();
    const auth = awsSigV4({ region, service, credentials });
    await using api = await startedPayments(server, { auth });
    await api.request(method, endpoint);
    const [request] = server.requests;
    if (request === undefined) throw new Error("no request came");
    const signature = expectedSignature(request, new URL(server.url).host, service, secret);
    expect(request.headers.authorization).toMatch(new RegExp(`Signature=${signature}$`));
  });

  test("the body is signed, and the session token goes along", async () => {
    await using server = await httpServer();
    const auth = awsSigV4({
      ...s3,
      service: "es",
      credentials: { ...credentials, sessionToken: new Secret("s3cr3t") },
    });
    await using api = await startedPayments(server, { auth });
    await api.post("/x", { json: { a: "ü" } });
    const [request] = server.requests;
    if (request === undefined) throw new Error("no request came");
    expect(request.headers).toMatchObject({
      "x-amz-security-token": "s3cr3t",
      "x-amz-content-sha256": createHash("sha256").update('{"a":"ü"}').digest("hex"),
    });
    expect(request.headers.authorization).toContain(
      "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token",
    );
    const signature = expectedSignature(request, new URL(server.url).host, "es", secret);
    expect(request.headers.authorization).toMatch(new RegExp(`Signature=${signature}$`));
  });
});

describe("a body that is a stream", () => {
  const stream = (): Buffer[] => [Buffer.from("a")];

  test("is refused before anything is sent", async () => {
    await using server = await httpServer();
    await using api = await startedPayments(server, { auth: awsSigV4(s3) });
    const error = await failureOf(api.put("/x", { stream }), isServiceConfigurationError);
    expect(error.message).toContain("awsSigV4 cannot sign a body that is a stream");
    expect(server.connections).toBe(0);
  });

  test("goes unsigned where that is allowed, and one in memory is signed all the same", async () => {
    await using server = await httpServer();
    await using api = await startedPayments(server, { auth: awsSigV4({ ...s3, unsignedStreams: true }) });
    await api.put("/x", { stream });
    await api.put("/x", { text: "a" });
    expect(server.requests.map(({ headers }) => headers["x-amz-content-sha256"])).toEqual([
      "UNSIGNED-PAYLOAD",
      createHash("sha256").update("a").digest("hex"),
    ]);
  });
});

test("a path that encodes nothing cannot be signed for S3: the caller's to mend, with nothing sent", async () => {
  await using server = await httpServer();
  await using api = await startedPayments(server, { auth: awsSigV4(s3) });
  const error = await failureOf(api.get("/50%zz"), isServiceConfigurationError);
  expect(error.message).toContain("it has a % that encodes nothing (send it as %25)");
  expect(server.connections).toBe(0);
});

describe("credentials that are given by a function", () => {
  test("are kept until shortly before they pass away", async () => {
    const clock = new VirtualClock();
    let asked = 0;
    const source = async (): Promise<AwsCredentials> => ({
      ...credentials,
      accessKeyId: `AK${++asked}`,
      expiration: new Date(clock.wallNow() + 3_600_000),
    });
    await using server = await httpServer();
    await using api = await startedPayments(server, { auth: awsSigV4({ ...s3, credentials: source }), clock });
    await Promise.all([api.get("/x"), api.get("/x")]);
    await clock.advance(3_590_000);
    await api.get("/x");
    expect(server.requests.map(({ headers }) => /AK\d/.exec(headers.authorization ?? "")?.[0])).toEqual([
      "AK1",
      "AK1",
      "AK2",
    ]);
  });

  test.each<[string, unknown, boolean, string]>([
    ["that are none", { accessKeyId: "AK" }, false, "gave no credentials"],
    ["that have the line end of a file", { ...credentials, secretAccessKey: "k3y\n" }, false, "gave no credentials"],
    ["with a session token of no kind", { ...credentials, sessionToken: 5 }, false, "gave no credentials"],
    [
      "that end at no moment",
      { ...credentials, expiration: "2099-01-01" },
      false,
      "gave an expiration that is no valid",
    ],
    [
      "that end at no date",
      { ...credentials, expiration: new Date("x") },
      false,
      "gave an expiration that is no valid",
    ],
    ["that have expired", { ...credentials, expiration: new Date(0) }, true, "gave credentials that have expired"],
  ])("%s end the call, with nothing sent", async (_what, given, retryable, said) => {
    await using server = await httpServer();
    const source = async (): Promise<AwsCredentials> => given as AwsCredentials;
    const auth = awsSigV4({ ...s3, credentials: source });
    await using api = await startedPayments(server, { auth, retry: false });
    const error = await failureOf(api.get("/x"), isServiceUnavailableError);
    expect(error).toMatchObject({ reason: "no-credentials", retryable });
    expect(error.message).toContain(`the function of awsSigV4() ${said}`);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("k3y");
    expect(server.connections).toBe(0);
  });
});

test("no secret, token or signature shows in a log or by inspect", async () => {
  const { logger, entries } = logbook();
  await using server = await httpServer();
  const auth = awsSigV4({ ...s3, credentials: { ...credentials, secretAccessKey: "k3y", sessionToken: "s3cr3t" } });
  await using api = await startedPayments(server, { auth, logger });
  await api.get("/x");
  const shown = inspect([entries, auth, api], { depth: 9 });
  for (const secret of ["k3y", "s3cr3t", "Signature="]) expect(shown).not.toContain(secret);
});

test("wrong options are told all at once", () => {
  const wrong = { region: "", service: 5, credentials: { accessKeyId: "a" }, unsignedStreams: "yes", profile: "x" };
  expect(refusalOf(() => awsSigV4(wrong as unknown as AwsSigV4Options)).problems).toEqual([
    "region is required",
    "service must be a string, not 5",
    "unsignedStreams must be a boolean, not a string",
    expect.stringContaining("credentials must be { accessKeyId, secretAccessKey }, strings without a line end, or"),
    expect.stringContaining("unknown option profile"),
  ]);
  const fixed = { ...credentials, expiration: new Date("2099-01-01") };
  expect(refusalOf(() => awsSigV4({ ...s3, credentials: fixed })).problems).toEqual([
    "credentials that have an expiration must come from a function, which is asked for the next ones",
  ]);
});
