import type { Timer } from "../core/clock.ts";
import { type Origin, type ServiceRequest, unavailable } from "./request.ts";
import type { VirtualClock } from "../core/virtual-clock.ts";

interface Running {
  readonly request: ServiceRequest;
  /** Since when it is worked on at the present speed. */
  since: number;
  finish: Timer;
}

/** Workers with one queue: first come, first served. */
export class FifoOrigin implements Origin {
  readonly #clock: VirtualClock;
  readonly #workers: number;
  readonly #maxQueued: number;
  #speed = 1;
  #running: Running[] = [];
  /** Those that were dropped stay in it until their turn comes. */
  #queue: ServiceRequest[] = [];
  #head = 0;
  #waiting = 0;

  constructor(clock: VirtualClock, limits: { readonly workers: number; readonly maxQueued: number }) {
    this.#clock = clock;
    this.#workers = limits.workers;
    this.#maxQueued = limits.maxQueued;
  }

  take(request: ServiceRequest): void {
    if (this.#running.length < this.#workers) this.#start(request);
    else if (this.#waiting >= this.#maxQueued) {
      request.state = "over";
      request.respond(unavailable, 0);
    } else {
      request.state = "waiting";
      this.#waiting += 1;
      this.#queue.push(request);
    }
  }

  drop(request: ServiceRequest): void {
    if (request.state === "waiting") {
      request.state = "over";
      this.#waiting -= 1;
    } else if (request.state === "running") {
      const running = this.#running.find((one) => one.request === request);
      if (running === undefined) return;
      running.finish.cancel();
      this.#account(running);
      this.#free(running);
    }
  }

  setSpeed(factor: number): void {
    for (const running of this.#running) this.#account(running);
    this.#speed = factor;
    for (const running of this.#running) {
      running.finish.cancel();
      running.finish = this.#finishOf(running);
    }
  }

  lose(): readonly ServiceRequest[] {
    for (const running of this.#running) {
      running.finish.cancel();
      this.#account(running);
    }
    const lost = [
      ...this.#running.map(({ request }) => request),
      ...this.#queue.slice(this.#head).filter(({ state }) => state === "waiting"),
    ];
    for (const request of lost) request.state = "over";
    this.#running = [];
    this.#queue = [];
    this.#head = 0;
    this.#waiting = 0;
    return lost;
  }

  #start(request: ServiceRequest): void {
    request.state = "running";
    const running = { request, since: this.#clock.now() } as Running;
    running.finish = this.#finishOf(running);
    this.#running.push(running);
  }

  #finishOf(running: Running): Timer {
    const { request } = running;
    return this.#clock.setTimer((request.workMs - request.work.doneMs) / this.#speed, () => {
      request.work.doneMs = request.workMs;
      request.respond(request.reply, request.stallMs);
      this.#free(running);
    });
  }

  #account(running: Running): void {
    const now = this.#clock.now();
    running.request.work.doneMs += (now - running.since) * this.#speed;
    running.since = now;
  }

  #free(running: Running): void {
    running.request.state = "over";
    this.#running.splice(this.#running.indexOf(running), 1);
    while (this.#head < this.#queue.length) {
      const next = this.#queue[this.#head++] as ServiceRequest;
      if (this.#head > 1_000) {
        this.#queue = this.#queue.slice(this.#head);
        this.#head = 0;
      }
      if (next.state !== "waiting") continue;
      this.#waiting -= 1;
      this.#start(next);
      return;
    }
  }
}
