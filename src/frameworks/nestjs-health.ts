import type { ServiceName } from "./nestjs-tokens.ts";
import type { HealthReport, HealthStatus } from "../core/health.ts";
import type { ServiceRegistry } from "../registry/service-registry.ts";

/** As @nestjs/terminus calls what health+json calls `pass`, `warn` and `fail`. */
export type IndicatorStatus = "up" | "degraded" | "down";

/** What an indicator of @nestjs/terminus says of one service. */
export interface IndicatedService {
  readonly status: IndicatorStatus;
  readonly state: string;
  readonly latencyMs: number;
  readonly output?: string;
}

/** The result of an indicator of @nestjs/terminus: under one key, one status, and what it is made of. */
export type IndicatorResult<Key extends string, Facts> = Record<Key, { status: IndicatorStatus } & Facts>;

export interface IndicatorOptions {
  /** Gives the checks up; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Tells @nestjs/terminus how the services are: `health.check([() => services.isHealthy("services")])`.
 *
 * `degraded` does not fail a check of terminus, `down` does. A service that fails makes the whole `down` only where
 * its definition calls it critical: to take an application out of service for what others have broken helps nobody.
 */
export class HawserHealthIndicator {
  readonly #services: ServiceRegistry;

  constructor(services: ServiceRegistry) {
    this.#services = services;
  }

  /** All services, under one key. @throws The signal's reason. */
  async isHealthy<const Key extends string = "services">(
    key: Key = "services" as Key,
    options: IndicatorOptions = {},
  ): Promise<IndicatorResult<Key, { services: Record<string, IndicatedService> }>> {
    const { status, services } = await this.#services.health(options);
    const reports = Object.entries(services).map(
      ([name, report]) => [name, indicated(report as HealthReport)] as const,
    );
    return under(key, { status: words[status], services: Object.fromEntries(reports) });
  }

  /**
   * One service, under its name: `down` where it fails, critical or not.
   *
   * @throws The signal's reason.
   */
  async isServiceHealthy<const Name extends ServiceName>(
    name: Name,
    options: IndicatorOptions = {},
  ): Promise<IndicatorResult<Name, IndicatedService>> {
    this.#services.outlineOf(name);
    const { services } = await this.#services.health(options);
    const report: HealthReport | undefined = services[name];
    return under(name, report === undefined ? leftOut : indicated(report));
  }
}

const words: Readonly<Record<HealthStatus, IndicatorStatus>> = { pass: "up", warn: "degraded", fail: "down" };

/** Of an optional service without its URL: nothing is wrong with what is not there on purpose. */
const leftOut: IndicatedService = { status: "up", state: "left-out", latencyMs: 0 };

function indicated({ status, state, latencyMs, output }: HealthReport): IndicatedService {
  return { status: words[status], state, latencyMs, ...(output === undefined ? {} : { output }) };
}

function under<Key extends string, Facts>(key: Key, facts: Facts): Record<Key, Facts> {
  return { [key]: facts } as Record<Key, Facts>;
}
