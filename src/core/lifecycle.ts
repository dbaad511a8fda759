import { ServiceUnavailableError } from "./errors.ts";

/** Where a service is in its life. It only moves forwards, but for a failed start, which leads back to `idle`. */
export type LifecycleState =
  | { readonly phase: "idle" }
  | { readonly phase: "starting"; readonly started: Promise<void>; readonly stop: AbortController }
  | { readonly phase: "ready" }
  | { readonly phase: "draining"; readonly stopped: Promise<void> }
  | { readonly phase: "stopped" };

/** `idle → starting → ready → draining → stopped`, for one owner, each step taken once however often it is asked for. */
export class Lifecycle {
  readonly #service: string;
  readonly #onChange: (phase: LifecycleState["phase"]) => void;
  #state: LifecycleState = { phase: "idle" };

  constructor(service: string, onChange: (phase: LifecycleState["phase"]) => void) {
    this.#service = service;
    this.#onChange = onChange;
  }

  get phase(): LifecycleState["phase"] {
    return this.#state.phase;
  }

  /**
   * Runs `open` once. A second caller joins the start that is under way; when ready it does nothing.
   *
   * @throws ServiceUnavailableError `unavailable-draining | unavailable-stopped`: a service that was closed is not
   * opened again. Whatever `open` throws; the state is then `idle` again, and it may be tried again.
   */
  async start(open: (signal: AbortSignal) => Promise<void>): Promise<void> {
    switch (this.#state.phase) {
      case "ready":
        return;
      case "starting":
        await this.#state.started;
        return;
      case "draining":
      case "stopped":
        throw this.refusal("connect");
      case "idle": {
        const stop = new AbortController();
        const started = this.#open(open, stop.signal);
        this.#move({ phase: "starting", started, stop });
        await started;
      }
    }
  }

  async #open(open: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    // Yields first, so that the state is `starting` before `open` runs and may look at it.
    await Promise.resolve();
    try {
      await open(signal);
      // A stop may have come in the very turn in which `open` ended, before it could abort the signal.
      if (this.#state.phase !== "starting") throw this.refusal("connect");
    } catch (error) {
      if (this.#state.phase === "starting") this.#move({ phase: "idle" });
      throw error;
    }
    this.#move({ phase: "ready" });
  }

  /**
   * Runs `shut` once, then the state is `stopped` whether it threw or not. A start that is under way is aborted first;
   * what was never started has nothing to shut.
   */
  async stop(shut: () => Promise<void>): Promise<void> {
    switch (this.#state.phase) {
      case "stopped":
        return;
      case "draining":
        await this.#state.stopped;
        return;
      case "idle":
        this.#move({ phase: "stopped" });
        return;
      case "starting":
      case "ready": {
        const before = this.#state;
        const stopped = this.#shut(before, shut);
        this.#move({ phase: "draining", stopped });
        await stopped;
      }
    }
  }

  async #shut(before: LifecycleState, shut: () => Promise<void>): Promise<void> {
    await Promise.resolve();
    try {
      if (before.phase === "starting") {
        before.stop.abort(this.refusal("connect"));
        await before.started.catch(() => undefined);
      }
      await shut();
    } finally {
      this.#move({ phase: "stopped" });
    }
  }

  /** The error for a call that is made in this state, saying what to do; only for states other than `ready`. */
  refusal(operation: string): ServiceUnavailableError {
    const { reason, detail } = refusals[this.#state.phase];
    return new ServiceUnavailableError(reason, {
      service: this.#service,
      operation,
      phase: this.#state.phase === "idle" || this.#state.phase === "starting" ? "start" : "close",
      outcome: "not-sent",
      retryable: reason === "not-started",
      detail,
    });
  }

  #move(state: LifecycleState): void {
    this.#state = state;
    this.#onChange(state.phase);
  }
}

const refusals = {
  idle: {
    reason: "not-started",
    detail:
      "the service is not started: await its connect(), or start the registry that holds it, before the first use",
  },
  starting: {
    reason: "not-started",
    detail: "the service is still starting: await the promise of its connect(), or of the registry's start()",
  },
  ready: { reason: "not-started", detail: "the service is ready" },
  draining: {
    reason: "draining",
    detail: "the service is closing: what was under way may end, nothing new is taken; make no calls after close()",
  },
  stopped: {
    reason: "stopped",
    detail: "the service was closed, and a closed service stays closed: construct a new one",
  },
} as const;
