import { isDeepStrictEqual } from "node:util";
import type { Clock, Random } from "../core/clock.ts";
import type { OptionReader } from "../core/options.ts";
import { Chaos, type ChaosLimits, type ChaosOptions, readChaos } from "./chaos.ts";
import {
  CircuitBreaker,
  type CircuitBreakerLimits,
  type CircuitBreakerOptions,
  readCircuitBreaker,
} from "./circuit-breaker.ts";
import { Coalescing } from "./coalesce.ts";
import {
  ConcurrencyLimit,
  type ConcurrencyLimits,
  type ConcurrencyOptions,
  readConcurrency,
} from "./concurrency-limit.ts";
import { Hedger, type HedgeLimits, type HedgeOptions, readHedge } from "./hedge.ts";
import { Pipeline } from "./pipeline.ts";
import type { Policy } from "./policy.ts";
import { RateGate, type RateLimitOptions, type RateLimits, readRateLimit } from "./rate-gate.ts";
import { RetryBudget } from "./retry-budget.ts";
import { readRetry, type RetryOptions, type RetrySettings } from "./retry.ts";

/** The options of the pipeline's stages; `false` switches one off. */
export interface StageOptions {
  readonly retry?: RetryOptions | false | undefined;
  /** A client-side rate. Without one, a 429 that says when to come back still holds all calls back until then. */
  readonly rateLimit?: RateLimitOptions | false | undefined;
  readonly circuitBreaker?: CircuitBreakerOptions | false | undefined;
  readonly concurrency?: ConcurrencyOptions | false | undefined;
  /** A second attempt beside a slow one. @defaultValue false */
  readonly hedge?: HedgeOptions | boolean | undefined;
  /** One call of several identical safe ones that are under way at the same time. @defaultValue false */
  readonly coalesce?: boolean | undefined;
  /** Faults of our own making. @defaultValue false */
  readonly chaos?: ChaosOptions | false | undefined;
}

/** The same, checked and with their defaults; undefined where a stage is off. */
export interface StageSettings {
  readonly retry: RetrySettings;
  readonly rateLimit: RateLimits | "pause-only" | undefined;
  readonly circuitBreaker: CircuitBreakerLimits | undefined;
  readonly concurrency: ConcurrencyLimits | undefined;
  readonly hedge: HedgeLimits | undefined;
  readonly coalesce: boolean;
  readonly chaos: ChaosLimits | undefined;
}

/** Reads the options of all stages; problems are reported by `reader.finish()`. */
export function readStages(reader: OptionReader, maxConnections: number | undefined): StageSettings {
  return {
    retry: readRetry(reader),
    rateLimit: readRateLimit(reader),
    circuitBreaker: readCircuitBreaker(reader),
    concurrency: readConcurrency(reader, maxConnections),
    hedge: readHedge(reader),
    coalesce: reader.boolean("coalesce", false),
    chaos: readChaos(reader),
  };
}

/** The stages of one service that keep a state, for whoever wants to see it. */
export interface Stages {
  readonly budget: RetryBudget | undefined;
  readonly rateGate: RateGate | undefined;
  readonly circuitBreaker: CircuitBreaker | undefined;
  readonly concurrency: ConcurrencyLimit | undefined;
  readonly hedger: Hedger | undefined;
}

/** Stages that are there already, and what they were made with. */
export interface StagesMade {
  readonly settings: StageSettings;
  readonly stages: Stages;
}

/**
 * Makes the pipeline of one service, in the order of the design: the only place that knows it.
 *
 * @param made - those of another pipeline of the same service: one whose settings are the same is taken over, with
 * what it has learned and counted.
 */
export function buildPipeline(
  parts: {
    readonly service: string;
    readonly clock: Clock;
    readonly random: Random;
    readonly attemptTimeoutMs: number;
  },
  settings: StageSettings,
  made?: StagesMade,
): { readonly pipeline: Pipeline; readonly stages: Stages } {
  const { service, clock, random, attemptTimeoutMs } = parts;
  const { retry, rateLimit, circuitBreaker, concurrency, hedge, chaos } = settings;
  const before = made?.settings;
  const stages: Stages = {
    budget: taken(made?.stages.budget, before?.retry.budget, retry.budget, (limits) => new RetryBudget(limits)),
    rateGate: taken(made?.stages.rateGate, before?.rateLimit, rateLimit, (limits) => {
      return new RateGate({ service, clock, random, limits: limits === "pause-only" ? undefined : limits });
    }),
    circuitBreaker: taken(made?.stages.circuitBreaker, before?.circuitBreaker, circuitBreaker, (limits) => {
      return new CircuitBreaker({ service, limits, leaseMs: attemptTimeoutMs, clock, random });
    }),
    concurrency: taken(made?.stages.concurrency, before?.concurrency, concurrency, (limits) => {
      return new ConcurrencyLimit(service, limits);
    }),
    hedger: taken(made?.stages.hedger, before?.hedge, hedge, (limits) => new Hedger(limits)),
  };
  if (stages.circuitBreaker !== undefined) stages.circuitBreaker.leaseMs = attemptTimeoutMs;
  const inOrder: readonly (Policy | undefined)[] = [
    settings.coalesce ? new Coalescing() : undefined,
    stages.rateGate,
    stages.circuitBreaker,
    stages.concurrency,
  ];
  const pipeline = new Pipeline({
    service,
    clock,
    random,
    policies: inOrder.filter((policy) => policy !== undefined),
    budget: stages.budget,
    hedger: stages.hedger,
    chaos: chaos === undefined ? undefined : new Chaos(service, clock, random, chaos),
  });
  return { pipeline, stages };
}

/** The stage that is there already, where it was made with the same; undefined where there is to be none. */
function taken<Stage, Limits>(
  stage: Stage | undefined,
  before: Limits | undefined,
  limits: Limits | undefined,
  make: (limits: Limits) => Stage,
): Stage | undefined {
  if (limits === undefined) return undefined;
  return stage !== undefined && isDeepStrictEqual(before, limits) ? stage : make(limits);
}
