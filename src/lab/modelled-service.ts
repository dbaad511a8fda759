import type { Random } from "../core/clock.ts";
import { FifoOrigin } from "./fifo-origin.ts";
import { type Origin, type Reply, ServiceRequest, type Work } from "./request.ts";
import type { Fault, ModelledService as Model, Scenario } from "./scenario.ts";
import { measures } from "./scenarios.ts";
import { seededRandom } from "../core/seeded-random.ts";
import { exponential, logNormal } from "./distributions.ts";
import { SharedOrigin } from "./shared-origin.ts";
import type { VirtualClock } from "../core/virtual-clock.ts";

/** One request on its way, from the client's side. */
export interface Exchange {
  /** The client is gone: no reply is delivered any more, and the service may notice. */
  cancel(): void;
  readonly work: Work;
}

const ok: Reply = { kind: "answer", status: 200 };
const refused: Reply = { kind: "refused" };
const reset: Reply = { kind: "reset" };

/** The far side of a scenario: origins, faults over time, quota, and the network before them. */
export class ModelledService {
  readonly #clock: VirtualClock;
  readonly #model: Model;
  readonly #random: Random;
  readonly #origins: readonly Origin[];
  #order = 0;
  #isDown = false;
  #isSilent = false;
  #errors: { readonly share: number; readonly status: number } | undefined;
  #stalls: { readonly share: number; readonly byMs: number } | undefined;
  #quotaWindow = -1;
  #granted = 0;

  constructor(clock: VirtualClock, scenario: Scenario, seed: number) {
    this.#clock = clock;
    this.#model = scenario.service;
    this.#random = seededRandom(seed, `${scenario.id}:service`);
    const { workers, discipline, origins } = scenario.service;
    const maxQueued =
      scenario.service.maxQueued === "unbounded" ? Number.POSITIVE_INFINITY : scenario.service.maxQueued;
    this.#origins = Array.from({ length: origins }, () =>
      discipline === "fifo"
        ? new FifoOrigin(clock, { workers, maxQueued })
        : new SharedOrigin(clock, { workers, maxQueued }),
    );
    for (const fault of scenario.faults) {
      clock.at(scenario.warmUpMs + fault.fromMs, () => this.#begin(fault));
      clock.at(scenario.warmUpMs + fault.toMs, () => this.#end(fault));
    }
  }

  /**
   * Sends a request to an origin (behind a balancer: to any) and tells of its reply, unless it was cancelled before.
   * Nothing is told at all of what is lost.
   */
  send(origin: number, onReply: (reply: Reply) => void): Exchange {
    const { networkMs } = measures;
    const work: Work = { doneMs: 0 };
    let isCancelled = false;
    let request: ServiceRequest | undefined;
    const deliver = (reply: Reply, stallMs: number): void => {
      if (isCancelled) return;
      this.#clock.setTimer(networkMs + stallMs, () => {
        if (!isCancelled) onReply(reply);
      });
    };
    const target = this.#origins[this.#model.routing === "bound" ? origin : this.#anyOrigin()] as Origin;
    this.#clock.setTimer(networkMs, () => {
      request = this.#arrive(target, work, deliver);
    });
    return {
      work,
      cancel: () => {
        isCancelled = true;
        if (this.#model.abandonedWork === "served") return;
        this.#clock.setTimer(networkMs, () => {
          if (request !== undefined) target.drop(request);
        });
      },
    };
  }

  #anyOrigin(): number {
    return Math.floor(this.#random() * this.#origins.length);
  }

  #arrive(target: Origin, work: Work, respond: (reply: Reply, stallMs: number) => void): ServiceRequest | undefined {
    if (this.#isSilent) return undefined;
    if (this.#isDown) {
      respond(refused, 0);
      return undefined;
    }
    const overQuota = this.#overQuota();
    if (overQuota !== undefined) {
      respond(overQuota, 0);
      return undefined;
    }
    // All are drawn for every request, so that a fault does not shift what later requests cost.
    const workMs = this.#draw();
    const errorDraw = this.#random();
    const stallDraw = this.#random();
    const isError = this.#errors !== undefined && errorDraw < this.#errors.share;
    const isStalled = this.#stalls !== undefined && stallDraw < this.#stalls.share;
    const request = new ServiceRequest({
      workMs,
      reply: isError ? { kind: "answer", status: this.#errors?.status ?? 500 } : ok,
      stallMs: isStalled ? (this.#stalls?.byMs ?? 0) : 0,
      order: this.#order++,
      work,
      respond,
    });
    target.take(request);
    return request;
  }

  #draw(): number {
    const { serviceTime } = this.#model;
    return serviceTime.kind === "exponential"
      ? exponential(this.#random, serviceTime.meanMs)
      : logNormal(this.#random, serviceTime.meanMs, serviceTime.sigma);
  }

  #overQuota(): Reply | undefined {
    const { quota } = this.#model;
    if (quota === undefined) return undefined;
    const now = this.#clock.now();
    const window = Math.floor(now / quota.perMs);
    if (window !== this.#quotaWindow) {
      this.#quotaWindow = window;
      this.#granted = 0;
    }
    this.#granted += 1;
    if (this.#granted <= quota.requests) return undefined;
    const retryAfterSeconds = Math.max(1, Math.ceil(((window + 1) * quota.perMs - now) / 1_000));
    return { kind: "answer", status: 429, retryAfterSeconds };
  }

  #begin(fault: Fault): void {
    switch (fault.kind) {
      case "speed":
        for (const origin of this.#touched(fault)) origin.setSpeed(fault.factor);
        break;
      case "errors":
        this.#errors = fault;
        break;
      case "stalls":
        this.#stalls = fault;
        break;
      case "down":
        this.#isDown = true;
        for (const origin of this.#origins) for (const request of origin.lose()) request.respond(reset, 0);
        break;
      case "silent":
        this.#isSilent = true;
        for (const origin of this.#origins) origin.lose();
        break;
      case "load":
        break;
    }
  }

  #end(fault: Fault): void {
    switch (fault.kind) {
      case "speed":
        for (const origin of this.#touched(fault)) origin.setSpeed(1);
        break;
      case "errors":
        this.#errors = undefined;
        break;
      case "stalls":
        this.#stalls = undefined;
        break;
      case "down":
        this.#isDown = false;
        break;
      case "silent":
        this.#isSilent = false;
        break;
      case "load":
        break;
    }
  }

  #touched(fault: Fault & { readonly kind: "speed" }): readonly Origin[] {
    const one = fault.origin === undefined ? undefined : this.#origins[fault.origin];
    return one === undefined ? this.#origins : [one];
  }
}
