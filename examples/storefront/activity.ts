import { subscribe } from "hawser";

/** How one call of a service ended. */
export interface RecentCall {
  readonly operation: string;
  readonly durationMs: number;
  readonly attempts: number;
  /** `success`, or the code of the error. */
  readonly result: string;
}

/** How much went well and badly within one second. */
export interface Second {
  ok: number;
  failed: number;
}

const shownCalls = 5;
const shownSeconds = 60;

/** What went on at one service. */
export class ServiceActivity {
  calls = 0;
  failures = 0;
  retries = 0;
  /** Of a stream: how often it was lost and came back. */
  reconnects = 0;
  /** The last calls, newest first. */
  readonly recent: RecentCall[] = [];
  readonly #seconds = new Map<number, Second>();

  /** The last minute, second by second, the oldest first. */
  minute(): readonly Second[] {
    const now = currentSecond();
    return Array.from(
      { length: shownSeconds },
      (_, index) => this.#seconds.get(now - shownSeconds + 1 + index) ?? { ok: 0, failed: 0 },
    );
  }

  count(how: keyof Second): void {
    const now = currentSecond();
    const second = this.#seconds.get(now) ?? { ok: 0, failed: 0 };
    second[how] += 1;
    this.#seconds.set(now, second);
    for (const old of this.#seconds.keys()) if (old <= now - shownSeconds) this.#seconds.delete(old);
  }

  remember(call: RecentCall): void {
    this.recent.unshift(call);
    this.recent.length = Math.min(this.recent.length, shownCalls);
  }
}

/** Counts what Hawser publishes about the services of this process. */
export class Activity implements Disposable {
  readonly #services = new Map<string, ServiceActivity>();
  readonly #lost = new Set<string>();
  readonly #subscriptions = [
    subscribe("hawser:retry", ({ service }) => {
      this.of(service).retries += 1;
    }),
    subscribe("hawser:call:end", ({ service, operation, durationMs, attempts, result, code }) => {
      // Our own health checks are not what customers do.
      if (operation.endsWith("/health")) return;
      const activity = this.of(service);
      const isOk = result === "success";
      activity.calls += 1;
      activity.failures += isOk ? 0 : 1;
      activity.count(isOk ? "ok" : "failed");
      activity.remember({ operation, durationMs: Math.round(durationMs), attempts, result: code ?? result });
    }),
    subscribe("hawser:stream", ({ service, state }) => {
      // Each dial and each wait is announced; they are one outage.
      if (state === "reconnecting" && !this.#lost.has(service)) {
        this.#lost.add(service);
        this.of(service).count("failed");
      }
      if (state === "open" && this.#lost.delete(service)) this.of(service).reconnects += 1;
    }),
  ];

  /** What went on at the service of this name. */
  of(service: string): ServiceActivity {
    const activity = this.#services.get(service) ?? new ServiceActivity();
    this.#services.set(service, activity);
    return activity;
  }

  [Symbol.dispose](): void {
    for (const stop of this.#subscriptions) stop();
  }
}

const currentSecond = (): number => Math.floor(performance.now() / 1000);
