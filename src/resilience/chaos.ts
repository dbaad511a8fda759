import type { Clock, Random } from "../core/clock.ts";
import { ServiceConnectionError } from "../core/errors.ts";
import type { OptionReader } from "../core/options.ts";
import type { Attempt } from "./call.ts";
import { interruptedEnd } from "./interruption.ts";
import type { AttemptEnd } from "./outcome.ts";

/** Faults that are put in front of the service, to see what the application makes of them. Never in production. */
export interface ChaosOptions {
  /** The part of attempts that are held up. From 0 to 1. @defaultValue 0 */
  readonly latencyRate?: number | undefined;
  /** For how long, in milliseconds, above 0. @defaultValue 1000 */
  readonly latencyMs?: number | undefined;
  /** The part of attempts that end as if the connection had been refused: nothing is sent. From 0 to 1. @defaultValue 0 */
  readonly refuseRate?: number | undefined;
  /** The part that end as if the connection had broken after sending: the outcome is unknown. @defaultValue 0 */
  readonly resetRate?: number | undefined;
}

export interface ChaosLimits {
  readonly latencyRate: number;
  readonly latencyMs: number;
  readonly refuseRate: number;
  readonly resetRate: number;
}

/** Injects faults before an attempt goes onto the wire; what it injects is retried, counted and told like a real one. */
export class Chaos {
  readonly #service: string;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #limits: ChaosLimits;

  constructor(service: string, clock: Clock, random: Random, limits: ChaosLimits) {
    this.#service = service;
    this.#clock = clock;
    this.#random = random;
    this.#limits = limits;
  }

  /** The end of this attempt, or undefined where it may go on; a promise only where it is held up before. */
  strike(attempt: Attempt): AttemptEnd<never> | undefined | Promise<AttemptEnd<never> | undefined> {
    if (this.#random() < this.#limits.latencyRate) return this.#strikeLater(attempt);
    return this.#strikeNow(attempt);
  }

  async #strikeLater(attempt: Attempt): Promise<AttemptEnd<never> | undefined> {
    return (await this.#hold(attempt, this.#limits.latencyMs)) ?? this.#strikeNow(attempt);
  }

  #strikeNow(attempt: Attempt): AttemptEnd<never> | undefined {
    const { refuseRate, resetRate } = this.#limits;
    const draw = this.#random();
    if (draw < refuseRate) return this.#broken(attempt, "connect");
    return draw < refuseRate + resetRate ? this.#broken(attempt, "reset") : undefined;
  }

  async #hold(attempt: Attempt, latencyMs: number): Promise<AttemptEnd<never> | undefined> {
    const over = Promise.withResolvers<AttemptEnd<never> | undefined>();
    const timer = this.#clock.setTimer(latencyMs, () => over.resolve(undefined));
    attempt.onInterrupt((interruption) => {
      const at = { service: this.#service, operation: attempt.operation, phase: attempt.phase };
      over.resolve(interruptedEnd(interruption, { ...at, outcome: "not-sent" }));
    });
    const end = await over.promise;
    timer.cancel();
    return end;
  }

  #broken(attempt: Attempt, fault: "connect" | "reset"): AttemptEnd<never> {
    const outcome = fault === "connect" ? "not-sent" : "unknown";
    const phase = fault === "connect" ? "connect" : "headers";
    const facts = { service: this.#service, operation: attempt.operation, phase, outcome } as const;
    attempt.phase = phase;
    return {
      kind: "failure",
      failure: {
        code: `connection-${fault}`,
        phase,
        outcome,
        verdict: "fault",
        isTransient: true,
        toError: (more) =>
          new ServiceConnectionError(fault, { ...facts, ...more, detail: "chaos: a fault that was injected here" }),
      },
    };
  }
}

/** Reads `chaos`: an object, or `false` for none. */
export function readChaos(reader: OptionReader): ChaosLimits | undefined {
  if (reader.any("chaos") === false) return undefined;
  const nested = reader.nested("chaos");
  if (nested === undefined) return undefined;
  const rate = (name: string): number => nested.number(name, 0, { min: 0, max: 1 });
  const limits = {
    latencyRate: rate("latencyRate"),
    latencyMs: nested.number("latencyMs", 1_000, { min: 1 }),
    refuseRate: rate("refuseRate"),
    resetRate: rate("resetRate"),
  };
  if (limits.refuseRate + limits.resetRate > 1)
    nested.problem("chaos.refuseRate and chaos.resetRate must not be above 1 together");
  nested.rejectUnknown();
  return limits;
}
