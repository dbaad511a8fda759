import type { Timer } from "../core/clock.ts";
import { Heap } from "../core/heap.ts";
import { type Origin, type ServiceRequest, unavailable } from "./request.ts";
import type { VirtualClock } from "../core/virtual-clock.ts";

/**
 * Processor sharing: every request is begun at once, and when there are more than workers, all get an equal part.
 *
 * All requests under way progress alike, so one number (the work that each has had since the beginning) says when
 * each is done, and only the next to be done needs an event.
 */
export class SharedOrigin implements Origin {
  readonly #clock: VirtualClock;
  readonly #workers: number;
  readonly #maxRunning: number;
  #speed = 1;
  #running = 0;
  /** Work that a request would have had that had been there from the beginning. */
  #progress = 0;
  #since = 0;
  readonly #byEnd = new Heap<ServiceRequest>();
  #next: Timer | undefined;

  constructor(clock: VirtualClock, limits: { readonly workers: number; readonly maxQueued: number }) {
    this.#clock = clock;
    this.#workers = limits.workers;
    this.#maxRunning = limits.maxQueued;
  }

  take(request: ServiceRequest): void {
    if (this.#running >= this.#maxRunning) {
      request.state = "over";
      request.respond(unavailable, 0);
      return;
    }
    this.#advance();
    request.state = "running";
    request.key = this.#progress + request.workMs;
    this.#running += 1;
    this.#byEnd.push(request);
    this.#schedule();
  }

  drop(request: ServiceRequest): void {
    if (request.state !== "running") return;
    this.#advance();
    this.#end(request);
    this.#schedule();
  }

  setSpeed(factor: number): void {
    this.#advance();
    this.#speed = factor;
    this.#schedule();
  }

  lose(): readonly ServiceRequest[] {
    this.#advance();
    const lost: ServiceRequest[] = [];
    for (let request = this.#byEnd.pop(); request !== undefined; request = this.#byEnd.pop()) {
      if (request.state !== "running") continue;
      this.#end(request);
      lost.push(request);
    }
    this.#schedule();
    return lost;
  }

  get #rate(): number {
    return this.#speed * Math.min(1, this.#workers / Math.max(1, this.#running));
  }

  #advance(): void {
    const now = this.#clock.now();
    this.#progress += (now - this.#since) * this.#rate;
    this.#since = now;
  }

  #end(request: ServiceRequest): void {
    request.state = "over";
    request.work.doneMs = Math.min(request.workMs, request.workMs - (request.key - this.#progress));
    this.#running -= 1;
  }

  #schedule(): void {
    this.#next?.cancel();
    while (this.#byEnd.peek()?.state === "over") this.#byEnd.pop();
    const first = this.#byEnd.peek();
    this.#next =
      first === undefined
        ? undefined
        : this.#clock.setTimer((first.key - this.#progress) / this.#rate, () => {
            this.#advance();
            // Exactly, for a rest of rounding would be an event that never comes any nearer.
            this.#progress = Math.max(this.#progress, first.key);
            this.#byEnd.pop();
            this.#end(first);
            first.respond(first.reply, first.stallMs);
            this.#schedule();
          });
  }
}
