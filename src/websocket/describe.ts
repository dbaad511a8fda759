import { type DescribedSetting, type DescribedStage, ServiceDescription } from "../core/description.ts";
import { joinPath } from "../core/endpoint.ts";
import type { OptionOrigin } from "../core/options.ts";
import type { StreamState } from "./connection/connection-model.ts";
import type { Endpoints } from "./dial/endpoints.ts";
import { isComputed } from "./dial/per-attempt.ts";
import type { WebSocketSettings } from "./options.ts";

type Value = DescribedSetting["value"];
type Values = Readonly<Record<string, Value | undefined>>;

/** Of the stream's parts, what a description says of the moment. */
export interface StreamMoment {
  readonly state: StreamState["name"];
  /** Messages that wait to be sent. */
  readonly unsent: number;
  /** Messages that wait for a handler. */
  readonly unhandled: number;
}

/** A WebSocket stream, part by part, with every number and where it comes from. Names no secret and no query. */
export function describeStream<Message>(
  settings: WebSocketSettings<Message>,
  origins: (option: string) => OptionOrigin,
  moment: StreamMoment,
): ServiceDescription {
  const stage = (name: string, values: Values | undefined, state?: string): DescribedStage => ({
    name,
    isOn: values !== undefined,
    settings: Object.entries(values ?? {}).flatMap(([option, value]) =>
      value === undefined ? [] : [{ name: option, value, origin: origins(option) }],
    ),
    ...(state === undefined ? {} : { state }),
  });
  const { heartbeat, compression, subscriptions, resume, dedupe, rotation } = settings;
  return new ServiceDescription(settings.name, targetOf(settings.endpoints), [
    stage("connect", connectValues(settings), moment.state),
    stage("auth", settings.apiKey ? { apiKey: "bearer" } : settings.auth && { auth: settings.auth.name }),
    stage("reconnect", reconnectValues(settings)),
    stage("rotate", rotation === false ? undefined : rotateValues(settings, rotation)),
    stage("heartbeat", heartbeat === false ? undefined : heartbeatValues(settings, heartbeat)),
    stage("send", sendValues(settings), `${moment.unsent} waiting`),
    stage("receive", receiveValues(settings), `${moment.unhandled} waiting`),
    stage("compression", compression === false ? undefined : prefixed("compression", { ...compression })),
    stage("subscriptions", subscriptions && {}),
    stage("resume", resume && {}),
    stage("dedupe", dedupe && prefixed("dedupe", { maxIds: dedupe.maxIds })),
    stage("close", { closeTimeoutMs: settings.closeTimeoutMs }),
  ]);
}

/** Where it is dialled, as far as that is known before an attempt; a query may hold a token, and is left out. */
function targetOf(endpoints: Endpoints): string {
  if (endpoints.kind === "listed") {
    if (isComputed(endpoints.urls)) return "computed for each attempt";
    return endpoints.urls.map(withoutQuery).join(", ");
  }
  const { base, endpoint } = endpoints;
  const origin = base.origin.replace(/^http/, "ws");
  return isComputed(endpoint)
    ? `${origin}${base.path} (computed for each attempt)`
    : origin + withoutQuery(joinPath(base.path, endpoint));
}

const withoutQuery = (url: string): string => url.split("?", 1)[0] ?? "";

function connectValues<Message>(settings: WebSocketSettings<Message>): Values {
  const { connectTimeoutMs, startTimeoutMs, transport, proxy, protocols } = settings;
  return {
    connectTimeoutMs,
    startTimeoutMs,
    // In the place of the proxy.
    ...(transport === undefined
      ? // A URL may hold a password.
        { proxy: typeof proxy === "object" ? "given" : proxy }
      : { transport: "given" }),
    protocols: isComputed(protocols) ? "computed for each attempt" : protocols.join(", ") || undefined,
  };
}

function reconnectValues<Message>({ reconnect, classify }: WebSocketSettings<Message>): Values | undefined {
  if (reconnect === false) return undefined;
  const { baseDelayMs, maxDelayMs, stableAfterMs, maxAttempts } = reconnect;
  const given = classify === undefined ? undefined : "given";
  const attempts = maxAttempts === Number.POSITIVE_INFINITY ? "unlimited" : maxAttempts;
  return prefixed("reconnect", { baseDelayMs, maxDelayMs, stableAfterMs, maxAttempts: attempts, classify: given });
}

function rotateValues<Message>(
  { announcesEnd }: WebSocketSettings<Message>,
  { everyMs }: Exclude<WebSocketSettings<Message>["rotation"], false>,
): Values {
  const when = announcesEnd === undefined ? undefined : "given";
  return prefixed("rotate", { everyMs: everyMs === Number.POSITIVE_INFINITY ? undefined : everyMs, when });
}

function heartbeatValues<Message>(
  { pingMessage }: WebSocketSettings<Message>,
  { intervalMs, timeoutMs }: Exclude<WebSocketSettings<Message>["heartbeat"], false>,
): Values {
  const message = pingMessage === undefined ? undefined : "given";
  return { pingIntervalMs: intervalMs, pingTimeoutMs: timeoutMs, pingMessage: message };
}

function sendValues<Message>(settings: WebSocketSettings<Message>): Values {
  const { sendTimeoutMs, requestTimeoutMs, outbox } = settings;
  return { sendTimeoutMs, requestTimeoutMs, ...prefixed("outbox", { ...outbox }) };
}

function receiveValues<Message>(settings: WebSocketSettings<Message>): Values {
  const { maxPayloadBytes, handlerTimeoutMs, codec, inbox } = settings;
  const { maxMessages, maxBytes, whenFull } = inbox;
  return {
    maxPayloadBytes,
    handlerTimeoutMs,
    codec: codec === undefined ? undefined : "given",
    ...prefixed("inbox", { maxMessages, maxBytes, whenFull }),
  };
}

function prefixed(prefix: string, values: Values): Values {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]));
}
