import type { AttemptAuth, AuthProvider } from "../core/auth/provider.ts";
import { type ExternalServiceOptions, readServiceParts, type ServiceParts } from "../core/external-service.ts";
import { type OptionOrigin, OptionReader } from "../core/options.ts";
import { type ProxyOption, readProxy } from "../core/proxy.ts";
import type { Secret } from "../core/secret.ts";
import { readTls, type TlsOptions } from "../core/tls.ts";
import type { MessageCodec } from "./codecs/codec.ts";
import { type DedupeOptions, type DedupeSettings, readDedupe } from "./resume/dedupe.ts";
import { type Endpoints, readEndpoints } from "./dial/endpoints.ts";
import { type CompressionOptions, type FlowSettings, readFlow } from "./flow-options.ts";
import { type HandshakeSettings, readHandshake } from "./dial/handshake-options.ts";
import type { HeartbeatLimits } from "./connection/heartbeat.ts";
import type { InboxLimits } from "./receive/inbox.ts";
import type { KeyedConcurrency } from "./receive/keyed-lane.ts";
import type { OutboxLimits } from "./send/backlog.ts";
import type { PerAttempt } from "./dial/per-attempt.ts";
import type { StreamTransport } from "./dial/stream-transport.ts";
import {
  type ReconnectOptions,
  type RotateOptions,
  readSuccession,
  type SuccessionSettings,
} from "./connection/reconnect-options.ts";
import { readResume, type StreamResumeOptions, type ResumeSettings } from "./resume/resume-options.ts";
import {
  readSubscriptions,
  type SubscriptionOptions,
  type SubscriptionSettings,
} from "./subscriptions/subscription-options.ts";

/** What a {@link WebSocketService} is made with. Durations are milliseconds, above 0. */
export interface CommonStreamOptions<Message> extends ExternalServiceOptions {
  /**
   * `wss:` or `ws:` (`https:` and `http:` mean the same), without credentials, query or fragment. Needed unless
   * `endpoints` is given.
   */
  readonly baseUrl?: string | URL | undefined;
  /** A path below the base URL, with a query if need be. @defaultValue "/" */
  readonly endpoint?: PerAttempt<string> | undefined;
  /** Whole URLs, in the place of `baseUrl` and `endpoint`: the first is preferred, the others stand in for it. */
  readonly endpoints?: PerAttempt<readonly string[]> | undefined;
  /** Sent as `Authorization: Bearer …` with the upgrade request. Never shown. */
  readonly apiKey?: string | Secret | undefined;
  /**
   * What puts credentials on the upgrade request, instead of `apiKey`: `bearer(…)`, `basic(…)`, `hmac(…)` and the like,
   * a provider of your own, or a function that is the `apply` of one. Asked on each attempt.
   */
  readonly auth?: AuthProvider | AttemptAuth["apply"] | undefined;
  /**
   * Of the upgrade request. One that is here already is not set by `auth`. Those that belong to the handshake itself
   * (`sec-websocket-*`, `connection`, `upgrade`) are refused. @defaultValue none
   */
  readonly headers?: PerAttempt<Readonly<Record<string, string>>> | undefined;
  /** Subprotocols (RFC 6455, section 1.9), the preferred one first. @defaultValue none */
  readonly protocols?: PerAttempt<readonly string[]> | undefined;
  /** For one attempt: providers, DNS, TCP, TLS, upgrade, `onConnect` and the subscriptions. @defaultValue 10000 */
  readonly connectTimeoutMs?: number | undefined;
  /** For `connect()`, over all its attempts. @defaultValue 30000 */
  readonly startTimeoutMs?: number | undefined;
  /** For `disconnect()`: the outbox and the closing handshake. @defaultValue 5000 */
  readonly closeTimeoutMs?: number | undefined;
  /** For one `send`, its wait through a reconnect included. @defaultValue 10000 */
  readonly sendTimeoutMs?: number | undefined;
  /** For one `request` or `subscribe`, its wait through a reconnect included. @defaultValue 10000 */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * What one handler may take with one message. Then `onError` is told (`timeout-handler`), the message counts as
   * handled, and the lane goes on. @defaultValue no limit
   */
  readonly handlerTimeoutMs?: number | undefined;
  /**
   * While the stream is open. `false` for no pings: a dead peer is then found by TCP alone, or never, and
   * `reconnectNow()` tries no open connection. @defaultValue 20000
   */
  readonly pingIntervalMs?: number | false | undefined;
  /** How long after a ping no byte, of whatever kind, may come. @defaultValue 20000 */
  readonly pingTimeoutMs?: number | undefined;
  /**
   * Makes what is sent instead of a Ping frame, for services that want a message of their own. Text and bytes go as they
   * are, anything else through the codec. What it throws goes to `onError`. @defaultValue a Ping frame
   */
  readonly pingMessage?: (() => string | Uint8Array | object) | undefined;
  /** Whether a frame answers `pingMessage`: then it is life, and no message. @defaultValue none is */
  readonly isPong?: ((frame: string | Uint8Array) => boolean) | undefined;
  /** When a lost connection is dialled again. `false`: the first failure is the last. @defaultValue for ever */
  readonly reconnect?: ReconnectOptions | false | undefined;
  /** Needs `reconnect`, and `resume` or `dedupe`. @defaultValue none */
  readonly rotate?: RotateOptions<Message> | undefined;
  /** For each consumer. @defaultValue 1024 messages, 8 MiB; full, it pauses the socket */
  readonly inbox?: Partial<InboxLimits<Message>> | undefined;
  /** Of `onMessage`. @defaultValue one message at a time */
  readonly concurrency?: KeyedConcurrency<Message> | undefined;
  /** What waits to be sent. @defaultValue 1024 messages, 1 MiB; full, `send` waits for room */
  readonly outbox?: Partial<OutboxLimits> | undefined;
  /** permessage-deflate, which costs memory for each connection. @defaultValue false */
  readonly compression?: boolean | CompressionOptions | undefined;
  /** How the service subscribes, for `subscribe()`. `stream` of the contexts is the service object. @defaultValue none */
  readonly subscriptions?: SubscriptionOptions<Message> | undefined;
  /** Where the feed stands, so that nothing is missed and nothing comes twice. @defaultValue none */
  readonly resume?: StreamResumeOptions<Message> | undefined;
  /** Drops what comes twice, for feeds with ids and no count. @defaultValue none */
  readonly dedupe?: DedupeOptions<Message> | undefined;
  /**
   * Bytes of one message, either way, uncompressed; whole, up to 2^31 - 1. A larger one is refused by `send`; one that
   * comes ends its connection (`connection-protocol`). @defaultValue 16777216 (16 MiB)
   */
  readonly maxPayloadBytes?: number | undefined;
  /** Of the connection to the service, through a proxy too. @defaultValue Node's */
  readonly tls?: TlsOptions | undefined;
  /**
   * The proxy to connect through: a URL, `false` for none, or `"environment"`: what `HTTP_PROXY`, `HTTPS_PROXY` and
   * `NO_PROXY` say when the stream is started. Never shown. @defaultValue "environment"
   */
  readonly proxy?: string | false | undefined;
  /**
   * What the WebSocket goes over, in the place of name resolution, TCP and TLS; `proxy` and `tls` are not used then.
   * For tests, `fakeSockets()` of `hawser/testing`. @defaultValue TCP, and TLS for `wss:`
   */
  readonly transport?: StreamTransport | undefined;
  /** What makes messages of frames. @defaultValue text as `string`, binary as `Uint8Array` */
  readonly codec?: MessageCodec<Message> | undefined;
}

/**
 * What a {@link WebSocketService} is made with. Without a codec its messages are text and bytes, so whoever says that they
 * are something else has to say by which codec they become that.
 */
export type WebSocketServiceOptions<Message = string | Uint8Array> = CommonStreamOptions<Message> &
  (string | Uint8Array extends Message ? unknown : { readonly codec: MessageCodec<Message> });

/** The options, checked and with their defaults. */
export interface WebSocketSettings<Message>
  extends ServiceParts,
    HandshakeSettings,
    SuccessionSettings<Message>,
    FlowSettings<Message> {
  readonly endpoints: Endpoints;
  /** The path of the URL, for errors and logs. */
  readonly path: string;
  readonly connectTimeoutMs: number;
  readonly startTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly sendTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly handlerTimeoutMs: number | undefined;
  readonly pingTimeoutMs: number;
  readonly pingMessage: (() => unknown) | undefined;
  readonly isPong: ((frame: string | Uint8Array) => boolean) | undefined;
  readonly heartbeat: HeartbeatLimits | false;
  readonly maxPayloadBytes: number;
  readonly tls: TlsOptions;
  readonly proxy: ProxyOption;
  readonly transport: StreamTransport | undefined;
  readonly codec: MessageCodec<Message> | undefined;
  readonly subscriptions: SubscriptionSettings<Message, unknown> | undefined;
  readonly resume: ResumeSettings<Message> | undefined;
  readonly dedupe: DedupeSettings<Message> | undefined;
}

// Node's timers fire at once above it.
const longestMs = 2 ** 31 - 1;
const MiB = 1024 * 1024;

// What most streams have is kept once, and not in each of thousands.
const ordinaryHeartbeat: HeartbeatLimits = { intervalMs: 20_000, timeoutMs: 20_000 };

function heartbeatOf(given: HeartbeatLimits): HeartbeatLimits {
  const { intervalMs, timeoutMs } = ordinaryHeartbeat;
  return given.intervalMs === intervalMs && given.timeoutMs === timeoutMs ? ordinaryHeartbeat : given;
}

/** @throws ServiceConfigurationError with every problem of the options at once. */
export function readWebSocketOptions<Message>(
  options: WebSocketServiceOptions<Message>,
  fallbackName: string,
): WebSocketSettings<Message> {
  return readWithOrigins(options, fallbackName).settings;
}

/** The same, with where the value of each option comes from, which a stream does not keep. */
export function readWithOrigins<Message>(
  options: WebSocketServiceOptions<Message>,
  fallbackName: string,
): { readonly settings: WebSocketSettings<Message>; readonly origins: (option: string) => OptionOrigin } {
  const given = options as unknown as { name?: unknown } | null | undefined;
  const reader = new OptionReader(typeof given?.name === "string" ? given.name : fallbackName, options);
  const duration = <Fallback extends number | undefined>(name: string, fallback: Fallback): number | Fallback =>
    reader.number(name, fallback, { min: 1, max: longestMs });
  const parts = readServiceParts(reader, fallbackName);
  const pingTimeoutMs = duration("pingTimeoutMs", ordinaryHeartbeat.timeoutMs);
  const resume = readResume<Message>(reader);
  const dedupe = readDedupe<Message>(reader);
  const settings: WebSocketSettings<Message> = {
    ...parts,
    ...readEndpoints(reader),
    ...readHandshake(reader),
    ...readSuccession<Message>(reader, reader.isGiven("resume") || reader.isGiven("dedupe")),
    ...readFlow<Message>(reader),
    connectTimeoutMs: duration("connectTimeoutMs", 10_000),
    startTimeoutMs: duration("startTimeoutMs", 30_000),
    closeTimeoutMs: duration("closeTimeoutMs", 5_000),
    sendTimeoutMs: duration("sendTimeoutMs", 10_000),
    requestTimeoutMs: duration("requestTimeoutMs", 10_000),
    handlerTimeoutMs: duration("handlerTimeoutMs", undefined),
    pingTimeoutMs,
    ...readPingMessage(reader),
    heartbeat:
      reader.any("pingIntervalMs") === false
        ? false
        : heartbeatOf({
            intervalMs: duration("pingIntervalMs", ordinaryHeartbeat.intervalMs),
            timeoutMs: pingTimeoutMs,
          }),
    // ws keeps it in 32 bits.
    maxPayloadBytes: reader.number("maxPayloadBytes", 16 * MiB, { min: 1, max: longestMs, whole: true }),
    tls: readTls(reader),
    proxy: readProxy(reader) ?? "environment",
    transport: reader.withMethods<StreamTransport>("transport", ["connect"]),
    codec: readCodec<Message>(reader),
    subscriptions: readSubscriptions<Message, unknown>(reader),
    resume,
    dedupe,
  };
  reader.finish();
  return { settings, origins: reader.origins() };
}

function readCodec<Message>(reader: OptionReader): MessageCodec<Message> | undefined {
  const codec = reader.withMethods<MessageCodec<Message>>("codec", ["decode"]);
  const { encode } = (codec ?? {}) as { readonly encode?: unknown };
  if (encode !== undefined && typeof encode !== "function") {
    reader.problem("codec.encode must be a function, or be left out");
  }
  return codec;
}

function readPingMessage(reader: OptionReader): Pick<WebSocketSettings<unknown>, "pingMessage" | "isPong"> {
  const pingMessage = reader.function<() => unknown>("pingMessage");
  const isPong = reader.function<(frame: string | Uint8Array) => boolean>("isPong");
  if (pingMessage !== undefined && reader.any("pingIntervalMs") === false) {
    reader.problem("pingMessage is never sent where pingIntervalMs is false: leave one of them out");
  }
  if (isPong !== undefined && pingMessage === undefined) {
    reader.problem("isPong is for the answers to pingMessage, which is not given");
  }
  return { pingMessage, isPong };
}
