import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock, Random, Timer } from "../core/clock.ts";
import { type ExternalServiceError, isExternalServiceError, ServiceConnectionError } from "../core/errors.ts";
import { connectionReducer } from "./connection.ts";
import type {
  ConnectionEffect,
  ConnectionEvent,
  ConnectionSettings,
  StreamState,
  TimerName,
} from "./connection-model.ts";
import { type DialContext, dial } from "./dial.ts";
import type { WebSocketSettings } from "./options.ts";
import { socketError } from "./socket-errors.ts";
import type { SocketListener, StreamSocket } from "./transport.ts";

/** What the shell asks of the service around it. */
export interface StreamHost {
  /** The socket is open; resolves when `onConnect` is done. */
  prepare(socket: StreamSocket, generation: number): Promise<void>;
  flow(socket: StreamSocket): void;
  hold(cause: ExternalServiceError): void;
  /** Resolves when the outbox is empty. */
  flush(): Promise<void>;
  /** What still arrives is not wanted. */
  discardIncoming(): void;
  ping(socket: StreamSocket): void;
  pong(payload: string): void;
  message(data: string | Uint8Array, bytes: number): void;
  /** `onConnect` threw this. */
  prepareFailed(thrown: unknown): void;
  /** An attempt failed, and another will follow. */
  report(error: ExternalServiceError): void;
  disconnected(event: { readonly error?: ExternalServiceError; readonly willReconnect: boolean }): void;
  end(error: ExternalServiceError | undefined): void;
  announce(state: StreamState): void;
}

interface Live {
  readonly generation: number;
  readonly abort: AbortController;
  socket: StreamSocket | undefined;
  /** Since when it is being read; undefined while it is paused. */
  readingSince: number | undefined;
}

// Sockets and timers remember the async context they were made in, and run their callbacks in it. Without this, a
// stream that was connected within `withDeadline` would hand that deadline to its handlers for ever.
const outside = AsyncLocalStorage.snapshot();

/** Runs what the reducer decides: owns the one socket, the timers, and nothing else. */
export class ConnectionShell {
  readonly #settings: WebSocketSettings<never>;
  readonly #host: StreamHost;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #reduce: ReturnType<typeof connectionReducer>;
  readonly #timers = new Map<TimerName, Timer>();
  #state: StreamState = { name: "idle", generation: 0 };
  /** The connection that has, or is about to have, a socket. */
  #live: Live | undefined;
  /** Events that came up while the effects of another were run; undefined while none is. */
  #pending: ConnectionEvent[] | undefined;

  constructor(settings: WebSocketSettings<never>, host: StreamHost) {
    this.#settings = settings;
    this.#host = host;
    this.#clock = settings.clock;
    this.#random = settings.random;
    this.#reduce = connectionReducer(connectionSettings(settings));
  }

  get state(): StreamState {
    return this.#state;
  }

  /** The socket, while the stream is open. */
  get openSocket(): StreamSocket | undefined {
    return this.#state.name === "open" ? this.#live?.socket : undefined;
  }

  /** True while we hold the reader. */
  get isPaused(): boolean {
    return this.#live?.socket !== undefined && this.#live.readingSince === undefined;
  }

  start(): void {
    this.#dispatch({ type: "start" });
  }

  close(): void {
    this.#dispatch({ type: "close" });
  }

  reset(): void {
    this.#dispatch({ type: "reset" });
  }

  setPaused(isPaused: boolean): void {
    const live = this.#live;
    // Once the Close frame is out, the peer's must be reached.
    if (live?.socket === undefined || (this.#state.name === "closing" && this.#state.step === "handshake")) return;
    live.readingSince = isPaused ? undefined : this.#clock.now();
    if (isPaused) live.socket.pause();
    else live.socket.resume();
  }

  // Effects may bring about events at once; they are taken one after the other, never one within the other.
  #dispatch(event: ConnectionEvent): void {
    if (this.#pending !== undefined) {
      this.#pending.push(event);
      return;
    }
    this.#pending = [event];
    outside(() => {
      for (let next = this.#pending?.shift(); next !== undefined; next = this.#pending?.shift()) this.#step(next);
      this.#pending = undefined;
    });
  }

  #step(event: ConnectionEvent): void {
    const { state, effects } = this.#reduce(this.#state, event, { now: this.#clock.now(), random: this.#random() });
    this.#state = state;
    for (const effect of effects) this.#run(effect);
  }

  #run(effect: ConnectionEffect): void {
    const host = this.#host;
    switch (effect.type) {
      case "dial":
        return this.#dial(effect.generation, effect.attempt);
      case "destroySocket":
        return this.#destroy(effect.generation);
      case "closeSocket":
        return this.#close(effect.generation);
      case "prepare":
        return this.#prepare(effect.generation);
      case "setTimer":
        return this.#setTimer(effect.timer, effect.generation, effect.delayMs);
      case "cancelTimer":
        return this.#cancelTimer(effect.timer);
      case "sendPing":
        return this.#withSocket(effect.generation, (socket) => host.ping(socket));
      case "flow":
        return this.#withSocket(effect.generation, (socket) => host.flow(socket));
      case "hold":
        return host.hold(effect.error);
      case "flush":
        return void host.flush().then(() => this.#dispatch({ type: "flushed", generation: effect.generation }));
      case "report":
        return host.report(effect.error);
      case "disconnected":
        return host.disconnected(effect);
      case "end":
        this.#live = undefined;
        return host.end(effect.error);
      case "announce":
        return host.announce(effect.state);
    }
  }

  #dial(generation: number, attempt: number): void {
    const live: Live = { generation, abort: new AbortController(), socket: undefined, readingSince: undefined };
    this.#live = live;
    const context: DialContext = { attempt, signal: live.abort.signal, clock: this.#clock };
    const run = async (): Promise<void> => {
      const socket = await dial(this.#settings, context, this.#listenerFor(live));
      // Given up in the very moment: nobody else knows of this socket.
      if (live.abort.signal.aborted) socket?.destroy();
      else live.socket = socket;
    };
    run().catch((error: unknown) => this.#dispatch({ type: "lost", generation, error: this.#typed(error) }));
  }

  #listenerFor(live: Live): SocketListener {
    const { generation } = live;
    const host = this.#host;
    return {
      stage: (stage) => this.#dispatch({ type: "stage", generation, stage }),
      opened: () => {
        live.readingSince = this.#clock.now();
        this.#dispatch({ type: "opened", generation });
      },
      message: (data, bytes) => {
        if (this.#live === live) host.message(data, bytes);
      },
      pong: (payload) => host.pong(payload),
      ended: (end) =>
        this.#dispatch({
          type: "lost",
          generation,
          error: socketError(end, this.#name, this.#clock.wallNow()),
        }),
    };
  }

  #destroy(generation: number): void {
    const live = this.#live;
    if (live?.generation !== generation) return;
    this.#live = undefined;
    live.abort.abort();
    live.socket?.destroy();
  }

  #close(generation: number): void {
    this.#withSocket(generation, (socket) => {
      this.#host.discardIncoming();
      socket.resume();
      socket.close();
    });
  }

  #prepare(generation: number): void {
    this.#withSocket(generation, (socket) => {
      this.#host.prepare(socket, generation).then(
        () => this.#dispatch({ type: "prepared", generation }),
        (thrown: unknown) => {
          // Of a connection that was lost meanwhile, the loss has been told; what it made `onConnect` throw says no more.
          if (this.#isPreparing(generation)) this.#host.prepareFailed(thrown);
          this.#dispatch({ type: "prepareFailed", generation, thrown });
        },
      );
    });
  }

  #isPreparing(generation: number): boolean {
    const state = this.#state;
    if (state.name !== "connecting" && state.name !== "reconnecting") return false;
    return state.generation === generation && state.step.at === "preparing";
  }

  #withSocket(generation: number, act: (socket: StreamSocket) => void): void {
    if (this.#live?.generation === generation && this.#live.socket !== undefined) act(this.#live.socket);
  }

  #setTimer(timer: TimerName, generation: number, delayMs: number): void {
    this.#cancelTimer(timer);
    const fire = (): void => {
      this.#timers.delete(timer);
      if (timer !== "heartbeat") return this.#dispatch({ type: "timer", timer, generation });
      const lastByteAt = this.#live?.socket?.lastByteAt ?? Number.NEGATIVE_INFINITY;
      const readingSince = this.#live?.readingSince;
      this.#dispatch({ type: "timer", timer, generation, lastByteAt, readingSince });
    };
    this.#timers.set(timer, this.#clock.setTimer(delayMs, fire));
  }

  #cancelTimer(timer: TimerName): void {
    this.#timers.get(timer)?.cancel();
    this.#timers.delete(timer);
  }

  get #name(): { readonly service: string; readonly operation: string } {
    return { service: this.#settings.name, operation: this.#settings.path };
  }

  #typed(error: unknown): ExternalServiceError {
    if (isExternalServiceError(error)) return error;
    // `ws` and Node refuse a target by throwing; options are checked before, so it is rare, and it stays as it is.
    return new ServiceConnectionError("connect", {
      ...this.#name,
      phase: "connect",
      outcome: "not-sent",
      retryable: false,
      cause: error,
    });
  }
}

function connectionSettings(settings: WebSocketSettings<never>): ConnectionSettings {
  const { name, path, connectTimeoutMs, startTimeoutMs, closeTimeoutMs, reconnect, heartbeat } = settings;
  return { service: name, operation: path, connectTimeoutMs, startTimeoutMs, closeTimeoutMs, reconnect, heartbeat };
}
