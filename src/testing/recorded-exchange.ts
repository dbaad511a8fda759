import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from "node:zlib";
import type { WitnessedOptions } from "../rest/slot-pool.ts";
import type { CassetteMatchRules } from "./cassette-match.ts";
import { plainHeaders } from "./mock-call.ts";
import { recordedBody } from "./recorded-body.ts";
import type { ExchangeEnd } from "./recorder.ts";
import type { Interaction, RecordedAnswer, RecordedRequest } from "./recording.ts";
import type { CredentialsOfRequest, Redactor } from "./redactor.ts";

/** A request as it went out, with its secrets: never written anywhere. */
export interface SeenRequest {
  readonly method: string;
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly credentials: CredentialsOfRequest | undefined;
}

/** A request with its body, and what came of it once it is over. */
export interface SeenExchange {
  readonly request: SeenRequest;
  readonly sent: () => Uint8Array;
  end: ExchangeEnd | undefined;
}

export function seenRequest(options: WitnessedOptions): SeenRequest {
  return {
    method: String(options.method).toUpperCase(),
    origin: new URL(String(options.origin)).origin,
    path: options.path,
    headers: plainHeaders(options.headers),
    credentials: options.credentials,
  };
}

/** The request as it is recorded, and looked for. */
export function requestOf(
  request: SeenRequest,
  body: Uint8Array,
  redactor: Redactor,
  rules: CassetteMatchRules,
): RecordedRequest {
  redactor.learnRequest(request.path, request.headers, request.credentials);
  const plain = decodedBody(body, request.headers["content-encoding"]);
  const recorded = recordedBody(withoutBoundary(plain, request.headers["content-type"]));
  redactor.learnBody(recorded);
  const chosen = Object.fromEntries(
    rules.headers.flatMap((name) => (request.headers[name] === undefined ? [] : [[name, request.headers[name]]])),
  );
  const headers = redactor.headers(chosen, request.credentials?.headers) as Record<string, string>;
  const clean = redactor.body(recorded);
  return {
    method: request.method,
    url: request.origin + redactor.path(request.path, request.credentials),
    ...(rules.headers.length > 0 ? { headers } : {}),
    ...(clean === undefined ? {} : { body: clean }),
  };
}

/**
 * What is written of an exchange that has ended.
 *
 * @param body - of the answer, decoded.
 */
export function interactionOf(
  exchange: Omit<SeenExchange, "end">,
  end: ExchangeEnd,
  body: Uint8Array,
  redactor: Redactor,
  rules: CassetteMatchRules,
): Interaction {
  const request = requestOf(exchange.request, exchange.sent(), redactor, rules);
  if (end.kind === "fault") return { request, fault: end.fault };
  redactor.learnHeaders(end.head.headers);
  const isHead = request.method === "HEAD";
  const recorded = recordedBody(body);
  redactor.learnBody(recorded);
  const clean = redactor.body(recorded, end.end !== "whole");
  const kept = Object.entries(end.head.headers)
    .filter(([name]) => !ofTheConnection.has(name) && (isHead || !ofTheBody.has(name)))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const answer: RecordedAnswer = {
    status: end.head.status,
    headers: redactor.headers(Object.fromEntries(kept)),
    ...(clean === undefined ? {} : { body: clean }),
    ...(end.end === "reset" || end.end === "close" ? { cut: end.end } : {}),
    ...(end.end === "left" ? { staysOpen: true } : {}),
  };
  return { request, answer };
}

// Of one connection, or of one moment: a recording that is made again must not differ by them.
const ofTheConnection = new Set(["connection", "date", "keep-alive", "transfer-encoding"]);
// Bodies are recorded decoded, and have the length that they have.
const ofTheBody = new Set(["content-encoding", "content-length"]);

/** A multipart body without the random line between its parts. */
function withoutBoundary(body: Uint8Array, contentType = ""): Uint8Array {
  const boundary = /^multipart\/.*boundary="?([^";]+)/i.exec(contentType)?.[1];
  if (boundary === undefined) return body;
  return Buffer.from(Buffer.from(body).toString("latin1").replaceAll(boundary, "boundary"), "latin1");
}

const decoders: Readonly<Record<string, (body: Uint8Array) => Uint8Array>> = {
  br: brotliDecompressSync,
  deflate: inflateSync,
  gzip: gunzipSync,
  zstd: zstdDecompressSync,
};

/** A body that was sent compressed, as it was before: it can then be read, compared and searched for secrets. */
function decodedBody(body: Uint8Array, coding = ""): Uint8Array {
  try {
    return decoders[coding.trim().toLowerCase()]?.(body) ?? body;
  } catch {
    return body;
  }
}
