import { type DescribedSetting, type DescribedStage, ServiceDescription } from "../core/description.ts";
import type { CircuitState } from "../resilience/circuit-breaker.ts";
import type { Stages } from "../resilience/stages.ts";
import type { RESTSettings } from "./options.ts";

type Value = DescribedSetting["value"];
type Values = Readonly<Record<string, Value | undefined>>;

/** The pipeline of a REST service, stage by stage in the order of a call, with every number and where it comes from. */
export function describeRest(settings: RESTSettings, stages: Stages, now: number): ServiceDescription {
  const { origins } = settings;
  const stage = (name: string, values: Values | undefined, state?: string): DescribedStage => ({
    name,
    isOn: values !== undefined,
    settings: Object.entries(values ?? {}).flatMap(([option, value]) =>
      value === undefined ? [] : [{ name: option, value, origin: origins(option) }],
    ),
    ...(state === undefined ? {} : { state }),
  });
  const { base, retry, rateLimit, circuitBreaker, concurrency, hedge, chaos } = settings;
  return new ServiceDescription(settings.name, base.origin + base.path, [
    stage("deadline", { deadlineMs: settings.deadlineMs, deadlineHeader: settings.deadlineHeader }),
    stage("coalesce", settings.coalesce ? {} : undefined),
    stage("retry", retry.maxRetries === 0 ? undefined : retryValues(settings), budgetState(stages, now)),
    stage("rate gate", rateLimit && rateValues(rateLimit), gateState(stages, now)),
    stage(
      "circuit breaker",
      circuitBreaker && prefixed("circuitBreaker", { ...circuitBreaker }),
      circuitState(stages, now),
    ),
    stage("concurrency limit", concurrency && concurrencyValues(concurrency), limitState(stages)),
    stage("hedge", hedge && prefixed("hedge", { ...hedge })),
    stage("auth", settings.apiKey ? { apiKey: "bearer" } : settings.auth && { auth: settings.auth.name }),
    stage("attempt limits", {
      attemptTimeoutMs: settings.attemptTimeoutMs,
      connectTimeoutMs: settings.connectTimeoutMs,
      bodyIdleTimeoutMs: settings.bodyIdleTimeoutMs,
    }),
    stage("chaos", chaos && prefixed("chaos", { ...chaos })),
    stage("guard", {
      maxResponseBytes: settings.maxResponseBytes,
      maxRedirects: settings.maxRedirects,
      blockPrivateAddresses: settings.blockPrivateAddresses,
    }),
    stage("cache", settings.cache && prefixed("cache", { ...settings.cache })),
    stage("transport", transportValues(settings)),
  ]);
}

function retryValues({ retry, idempotencyHeader }: RESTSettings): Values {
  const { maxRetries, baseDelayMs, maxDelayMs, budget } = retry;
  return {
    ...prefixed("retry", { maxRetries, baseDelayMs, maxDelayMs }),
    ...(budget === undefined ? { "retry.budget": false } : prefixed("retry.budget", { ...budget })),
    idempotency: idempotencyHeader,
  };
}

function rateValues(rateLimit: NonNullable<RESTSettings["rateLimit"]>): Values {
  return rateLimit === "pause-only"
    ? { rateLimit: "none but the pause after a 429" }
    : prefixed("rateLimit", { ...rateLimit });
}

function concurrencyValues({
  isAdaptive,
  max,
  maxQueued,
  queueTimeoutMs,
}: NonNullable<RESTSettings["concurrency"]>): Values {
  const limit = isAdaptive ? `adaptive, 1 to ${max}` : max;
  return prefixed("concurrency", { limit, maxQueued, queueTimeoutMs });
}

function transportValues(settings: RESTSettings): Values {
  const { maxConnections, maxConnectionAgeMs, closeTimeoutMs, decompress, http2, proxy, socketPath } = settings;
  if (settings.dispatcher !== undefined) return { dispatcher: "given", closeTimeoutMs, decompress };
  return {
    maxConnections,
    maxConnectionAgeMs: maxConnectionAgeMs === Number.POSITIVE_INFINITY ? false : maxConnectionAgeMs,
    closeTimeoutMs,
    decompress,
    http2,
    // A URL may hold a password.
    proxy: typeof proxy === "object" ? "given" : proxy,
    socketPath,
  };
}

function prefixed(prefix: string, values: Values): Values {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, value]));
}

function budgetState({ budget }: Stages, now: number): string | undefined {
  if (budget === undefined) return undefined;
  const left = `${round(budget.available(now))} of ${round(budget.capacity(now))} failures left`;
  return budget.isSpent ? `spent, no retries; ${left}` : left;
}

function gateState({ rateGate }: Stages, now: number): string | undefined {
  if (rateGate === undefined) return undefined;
  const pauseMs = rateGate.pausedUntil - now;
  return `${pauseMs > 0 ? `paused for another ${Math.ceil(pauseMs)} ms` : "open"}, ${rateGate.queued} waiting`;
}

function circuitState({ circuitBreaker }: Stages, now: number): string | undefined {
  return circuitBreaker && circuitText(circuitBreaker.state, now);
}

function circuitText(state: CircuitState, now: number): string {
  if (state.name !== "open") return state.name;
  return now < state.until
    ? `open, next probe in ${Math.ceil(state.until - now)} ms`
    : "open, the next call is the probe";
}

function limitState({ concurrency }: Stages): string | undefined {
  if (concurrency === undefined) return undefined;
  const { limit, inFlight, queued } = concurrency;
  return `limit ${Math.floor(limit)}, ${inFlight} in flight, ${queued} waiting`;
}

const round = (value: number): number => Math.round(value * 10) / 10;
