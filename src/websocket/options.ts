import { endpointProblem, joinPath, readBaseUrl } from "../core/endpoint.ts";
import { type ExternalServiceOptions, readServiceParts, type ServiceParts } from "../core/external-service.ts";
import { headerProblem, readApiKey } from "../core/headers.ts";
import { OptionReader } from "../core/options.ts";
import type { Secret } from "../core/secret.ts";
import { readTls, type TlsOptions } from "../core/tls.ts";
import type { MessageCodec } from "./codec.ts";
import type { ReconnectLimits } from "./connection-model.ts";
import type { HeartbeatLimits } from "./heartbeat.ts";
import type { InboxLimits } from "./inbox.ts";
import type { OutboxLimits } from "./outbox.ts";

/** A value, or what computes it for each attempt, within the attempt's limit. `attempt` counts from 1 in each outage. */
export type PerAttempt<T> =
  | T
  | ((context: { readonly attempt: number; readonly signal: AbortSignal }) => T | Promise<T>);

export interface ReconnectOptions {
  /** @defaultValue 500 */
  readonly baseDelayMs?: number | undefined;
  /** @defaultValue 30000 */
  readonly maxDelayMs?: number | undefined;
  /** How long a connection must have been open before the backoff starts anew. @defaultValue 10000 */
  readonly stableAfterMs?: number | undefined;
  /** Redials in a row before the stream has failed. @defaultValue Infinity */
  readonly maxAttempts?: number | undefined;
}

/** What a {@link WebSocketService} is made with. Durations are milliseconds, above 0. */
export interface WebSocketServiceOptions<Message = string | Uint8Array> extends ExternalServiceOptions {
  /** `wss:` or `ws:` (`https:` and `http:` mean the same), without credentials, query or fragment. */
  readonly baseUrl: string | URL;
  /** A path below the base URL, with a query if need be. @defaultValue "/" */
  readonly endpoint?: string | undefined;
  /** Sent as `Authorization: Bearer …` with the upgrade request. Never shown. */
  readonly apiKey?: string | Secret | undefined;
  readonly headers?: PerAttempt<Readonly<Record<string, string>>> | undefined;
  /** Subprotocols (RFC 6455, section 1.9), the preferred one first. */
  readonly protocols?: PerAttempt<readonly string[]> | undefined;
  /** For one attempt: providers, DNS, TCP, TLS, upgrade and `onConnect`. @defaultValue 10000 */
  readonly connectTimeoutMs?: number | undefined;
  /** For `connect()`, over all its attempts. @defaultValue 30000 */
  readonly startTimeoutMs?: number | undefined;
  /** For `disconnect()`: the outbox and the closing handshake. @defaultValue 5000 */
  readonly closeTimeoutMs?: number | undefined;
  /** For one `send`, its wait through a reconnect included. @defaultValue 10000 */
  readonly sendTimeoutMs?: number | undefined;
  /** `false` for no pings: a dead peer is then found by TCP alone, or never. @defaultValue 20000 */
  readonly pingIntervalMs?: number | false | undefined;
  /** How long after a ping no byte may come. @defaultValue 20000 */
  readonly pingTimeoutMs?: number | undefined;
  /** `false`: the first failure is the last. */
  readonly reconnect?: ReconnectOptions | false | undefined;
  /** For each consumer; full, it pauses the socket. @defaultValue 1024 messages, 8 MiB */
  readonly inbox?: Partial<InboxLimits> | undefined;
  /** What waits to be sent; full, `send` waits for room. @defaultValue 1024 messages, 1 MiB */
  readonly outbox?: Partial<OutboxLimits> | undefined;
  /** Of one message, either way. @defaultValue 16777216 (16 MiB) */
  readonly maxPayloadBytes?: number | undefined;
  readonly tls?: TlsOptions | undefined;
  /** What makes messages of frames. @defaultValue text as `string`, binary as `Uint8Array` */
  readonly codec?: MessageCodec<Message> | undefined;
}

/** The options, checked and with their defaults. */
export interface WebSocketSettings<Message> extends ServiceParts {
  readonly url: string;
  /** The path of the URL, for errors and logs. */
  readonly path: string;
  readonly apiKey: Secret | undefined;
  readonly headers: PerAttempt<Readonly<Record<string, string>>>;
  readonly protocols: PerAttempt<readonly string[]>;
  readonly connectTimeoutMs: number;
  readonly startTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly sendTimeoutMs: number;
  readonly pingTimeoutMs: number;
  readonly heartbeat: HeartbeatLimits | false;
  readonly reconnect: ReconnectLimits | false;
  readonly inbox: InboxLimits;
  readonly outbox: OutboxLimits;
  readonly maxPayloadBytes: number;
  readonly tls: TlsOptions;
  readonly codec: MessageCodec<Message> | undefined;
}

// Node's timers fire at once above it.
const longestMs = 2 ** 31 - 1;
const MiB = 1024 * 1024;

/** @throws ServiceConfigurationError with every problem of the options at once. */
export function readWebSocketOptions<Message>(
  options: WebSocketServiceOptions<Message>,
  fallbackName: string,
): WebSocketSettings<Message> {
  const given = options as unknown as { name?: unknown } | null | undefined;
  const reader = new OptionReader(typeof given?.name === "string" ? given.name : fallbackName, options);
  const duration = (name: string, fallback: number): number =>
    reader.number(name, fallback, { min: 1, max: longestMs });
  const parts = readServiceParts(reader, fallbackName);
  const { url, path } = readUrl(reader);
  const pingTimeoutMs = duration("pingTimeoutMs", 20_000);
  const settings: WebSocketSettings<Message> = {
    ...parts,
    url,
    path,
    ...readCredentials(reader),
    protocols: readProtocols(reader),
    connectTimeoutMs: duration("connectTimeoutMs", 10_000),
    startTimeoutMs: duration("startTimeoutMs", 30_000),
    closeTimeoutMs: duration("closeTimeoutMs", 5_000),
    sendTimeoutMs: duration("sendTimeoutMs", 10_000),
    pingTimeoutMs,
    heartbeat:
      reader.any("pingIntervalMs") === false
        ? false
        : { intervalMs: duration("pingIntervalMs", 20_000), timeoutMs: pingTimeoutMs },
    reconnect: readReconnect(reader),
    inbox: readBounds(reader, "inbox", 8 * MiB),
    outbox: readBounds(reader, "outbox", MiB),
    // ws keeps it in 32 bits.
    maxPayloadBytes: reader.number("maxPayloadBytes", 16 * MiB, { min: 1, max: longestMs, whole: true }),
    tls: readTls(reader),
    codec: reader.withMethods<MessageCodec<Message>>("codec", ["decode"]),
  };
  reader.finish();
  return settings;
}

function readUrl(reader: OptionReader): { url: string; path: string } {
  const base = readBaseUrl(reader, "baseUrl", ["wss:", "ws:", "https:", "http:"]);
  const endpoint = reader.string("endpoint", "/");
  const problem = endpointProblem(endpoint);
  if (problem !== undefined) reader.problem(`endpoint ${problem}`);
  const pathAndQuery = joinPath(base.path, endpoint);
  return { url: base.origin.replace(/^http/, "ws") + pathAndQuery, path: pathAndQuery.split("?", 1)[0] ?? "/" };
}

function readCredentials(reader: OptionReader): Pick<WebSocketSettings<unknown>, "apiKey" | "headers"> {
  const apiKey = readApiKey(reader);
  const headers = reader.any("headers") ?? {};
  if (typeof headers === "function") return { apiKey, headers: headers as never };
  for (const problem of headerProblems(headers)) reader.problem(problem);
  if (typeof headers !== "object") return { apiKey, headers: {} };
  if (apiKey !== undefined && Object.keys(headers).some((name) => name.toLowerCase() === "authorization")) {
    reader.problem("apiKey and the header authorization say the same thing: give one of them");
  }
  return { apiKey, headers: headers as Record<string, string> };
}

// They belong to the handshake itself (RFC 6455, section 4.1).
const reserved = /^(?:sec-websocket-.*|connection|upgrade|content-length|transfer-encoding)$/i;

/** What is wrong with the headers, given or from a provider. */
export function headerProblems(headers: unknown): string[] {
  if (typeof headers !== "object" || headers === null || Symbol.iterator in headers) {
    return ["headers must be an object of names and string values, or a function that makes one"];
  }
  return Object.entries(headers).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const problem = headerProblem(name, value);
    if (problem !== undefined) return [problem];
    return reserved.test(name) ? [`header ${name} belongs to the WebSocket handshake and cannot be set`] : [];
  });
}

function readProtocols(reader: OptionReader): WebSocketSettings<unknown>["protocols"] {
  const protocols = reader.any("protocols") ?? [];
  if (typeof protocols === "function") return protocols as never;
  for (const problem of protocolProblems(protocols)) reader.problem(problem);
  return protocols as readonly string[];
}

/** What is wrong with the subprotocols, given or from a provider: RFC 6455, section 4.1, point 10. */
export function protocolProblems(protocols: unknown): string[] {
  if (!Array.isArray(protocols)) return ["protocols must be an array of strings, or a function that makes one"];
  const isSound = protocols.every((one) => typeof one === "string" && headerProblem(one, "") === undefined);
  if (!isSound) return ["each of protocols must be a name without spaces, commas or other separators"];
  return new Set(protocols).size === protocols.length ? [] : ["protocols must not name one twice"];
}

function readReconnect(reader: OptionReader): ReconnectLimits | false {
  if (reader.any("reconnect") === false) return false;
  const nested = reader.nested("reconnect");
  const duration = (name: string, fallback: number): number =>
    nested?.number(name, fallback, { min: 1, max: longestMs }) ?? fallback;
  const baseDelayMs = duration("baseDelayMs", 500);
  const maxDelayMs = duration("maxDelayMs", Math.max(30_000, baseDelayMs));
  if (nested?.isGiven("baseDelayMs") && baseDelayMs > maxDelayMs) {
    reader.problem(`reconnect.baseDelayMs (${baseDelayMs}) must not be above reconnect.maxDelayMs (${maxDelayMs})`);
  }
  const stableAfterMs = duration("stableAfterMs", 10_000);
  const maxAttempts =
    nested?.number("maxAttempts", Number.POSITIVE_INFINITY, { min: 0, whole: true }) ?? Number.POSITIVE_INFINITY;
  nested?.rejectUnknown();
  return { baseDelayMs, maxDelayMs, stableAfterMs, maxAttempts };
}

function readBounds(reader: OptionReader, name: string, maxBytes: number): { maxMessages: number; maxBytes: number } {
  const nested = reader.nested(name);
  const bounds = {
    maxMessages: nested?.number("maxMessages", 1024, { min: 1, whole: true }) ?? 1024,
    maxBytes: nested?.number("maxBytes", maxBytes, { min: 1 }) ?? maxBytes,
  };
  nested?.rejectUnknown();
  return bounds;
}
