import { setImmediate as turn } from "node:timers/promises";
import type { Certificates } from "../../support/certificates.ts";
import { type Client, type ClientSettings, type WireAnswer, type WireBody, type WireCall } from "./clients/client.ts";
import { type Delivery, FarSide, healthyBody, healthyPath } from "./far-side.ts";
import { type FaultCall, type FaultCase, limitsOf } from "./fault-case.ts";

/** Known secrets, one for each place that a request has for them. None may show in an error, or at another origin. */
export const secrets = {
  apiKey: "key-5e1f7a9c",
  header: "header-5e1f7a9c",
  query: "query-5e1f7a9c",
  body: "body-5e1f7a9c",
} as const;

/** How one call ended. `hung`: it had not by the cut-off. */
export type End =
  | { readonly kind: "success"; readonly answer: WireAnswer }
  | { readonly kind: "failure"; readonly error: unknown }
  | { readonly kind: "hung" };

/** What was seen of a case. */
export interface Observation {
  readonly ends: readonly End[];
  /** Of the good call right after, on the same client. */
  readonly next: End;
  readonly nextDeliveries: number;
  readonly deliveries: readonly Delivery[];
  readonly deliveredElsewhere: readonly Delivery[];
  readonly sentBody: string | undefined;
  readonly abortReason: unknown;
  readonly isClosed: boolean;
}

/** What a run needs beside the case. */
export interface Run {
  open(settings: ClientSettings): Promise<Client>;
  readonly certificates: Certificates | undefined;
  /** After which a call counts as hanging, in milliseconds. */
  readonly cutOffMs: number;
  /** The far side has come as far as the case wants: from here on, time counts. */
  onReached?(): void;
  /** The call has ended. */
  onEnded?(): void;
}

/** Runs one case against one client, from the first connection to the last that is closed. */
export async function runCase(faultCase: FaultCase, run: Run): Promise<Observation> {
  const side = await FarSide.open(faultCase.farSide, run.certificates);
  const { scheme = "http" } = faultCase.farSide;
  const client = await run.open({
    url: side.url,
    limits: limitsOf(faultCase),
    ca: scheme === "http" ? undefined : run.certificates?.ca,
    headers: { authorization: `Bearer ${secrets.apiKey}`, "x-service-token": secrets.header },
  });
  const within = async (call: Promise<WireAnswer>): Promise<End> => endOf(call, run.cutOffMs);
  try {
    for (let i = 0; i < (faultCase.warmUps ?? 0); i++) await client.call(healthyCall("GET"));
    const { ends, sentBody, abortReason } = await makeCalls(faultCase, side, client, run);
    run.onEnded?.();
    await side.heal();
    await turns(5);
    const before = side.healthyRequests;
    const next = await within(client.call(healthyCall("POST")));
    const nextDeliveries = side.healthyRequests - before;
    const { deliveries, everythingElsewhere: deliveredElsewhere } = side;
    const isClosed = await isDoneWithin(closeAll(client, side), run.cutOffMs);
    return { ends, next, nextDeliveries, deliveries, deliveredElsewhere, sentBody, abortReason, isClosed };
  } finally {
    await side.close();
  }
}

async function makeCalls(
  faultCase: FaultCase,
  side: FarSide,
  client: Client,
  run: Run,
): Promise<{ ends: readonly End[]; sentBody: string | undefined; abortReason: unknown }> {
  const { call = {}, isBehindAnother = false, isAborted = false } = faultCase;
  const other = new AbortController();
  const behind = isBehindAnother
    ? endOf(client.call(wireCall({ method: "GET" }, "other", other.signal)), run.cutOffMs)
    : undefined;
  if (behind !== undefined) await Promise.race([side.reached, behind]);
  const caller = new AbortController();
  const abortReason = new Error("the caller gave up");
  const calls = Array.from({ length: call.count ?? 1 }, (_, index) =>
    wireCall(call, String(index), isAborted ? caller.signal : undefined),
  );
  const ending = Promise.all(calls.map(async (one) => endOf(client.call(one), run.cutOffMs)));
  await Promise.race([side.reached, ending]);
  // What the far side wrote is with the client after a turn of the loop, or it will never be.
  await turns(5);
  run.onReached?.();
  if (isAborted) caller.abort(abortReason);
  const ends = await ending;
  other.abort();
  await behind;
  return { ends, sentBody: sentBodyOf(call), abortReason };
}

async function closeAll(client: Client, side: FarSide): Promise<void> {
  await client.close();
  await side.allClosed();
}

function wireCall(call: FaultCall, id: string, signal: AbortSignal | undefined): WireCall {
  const { method = "POST", reads = "text", key } = call;
  return {
    method,
    path: "/fault",
    query: { call: id, token: secrets.query },
    headers: { accept: "*/*", ...(key === undefined ? {} : { "idempotency-key": key }) },
    body: bodyOf(call),
    reads,
    signal,
    isPatient: false,
  };
}

const healthyCall = (method: string): WireCall => ({
  method,
  path: healthyPath,
  query: {},
  headers: {},
  body: { kind: "none" },
  reads: "text",
  signal: undefined,
  isPatient: true,
});

const smallBody = JSON.stringify({ card: secrets.body, amount: 5 });
const largeBytes = 4 * 1024 * 1024;
// More than the buffers of both sockets hold, which on Linux may grow to some 10 MiB.
const streamedBytes = 32 * 1024 * 1024;

function bodyOf({ method = "POST", body = "small" }: FaultCall): WireBody {
  if (method === "GET" || method === "HEAD") return { kind: "none" };
  switch (body) {
    case "small":
      return { kind: "bytes", type: "application/json", bytes: Buffer.from(smallBody) };
    case "large":
      return { kind: "bytes", type: "application/octet-stream", bytes: Buffer.alloc(largeBytes, secrets.body) };
    case "large-stream":
      return { kind: "factory", stream: manyPieces };
    case "one-shot":
      return { kind: "one-shot", stream: pieces() };
    case "factory":
      return { kind: "factory", stream: pieces };
  }
}

async function* pieces(): AsyncGenerator<Uint8Array> {
  yield Buffer.from(smallBody.slice(0, 10));
  yield Buffer.from(smallBody.slice(10));
}

async function* manyPieces(): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < streamedBytes; sent += 1 << 16) yield Buffer.alloc(1 << 16, secrets.body);
}

/** The body that a delivery has to have, where that is told. */
function sentBodyOf({ method = "POST", body = "small" }: FaultCall): string | undefined {
  if (method === "GET" || method === "HEAD") return "";
  return body === "large" || body === "large-stream" ? undefined : smallBody;
}

/** How a call ends, or that it has not by the cut-off. */
async function endOf(call: Promise<WireAnswer>, cutOffMs: number): Promise<End> {
  const cutOff = Promise.withResolvers<End>();
  const timer = setTimeout(() => cutOff.resolve({ kind: "hung" }), cutOffMs);
  const end = call.then(
    (answer): End => ({ kind: "success", answer }),
    (error: unknown): End => ({ kind: "failure", error }),
  );
  try {
    return await Promise.race([end, cutOff.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function isDoneWithin(work: Promise<void>, cutOffMs: number): Promise<boolean> {
  const end = await endOf(
    work.then(() => ({ status: 0, body: "" })),
    cutOffMs,
  );
  return end.kind === "success";
}

export const isHealthy = (end: End): boolean =>
  end.kind === "success" && end.answer.status === 200 && end.answer.body === healthyBody;

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn();
}
