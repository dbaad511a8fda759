import { AsyncLocalStorage } from "node:async_hooks";
import { currentDeadline } from "../core/deadline.ts";
import { type ExternalServiceError, ServiceConfigurationError } from "../core/errors.ts";
import { BaseExternalService } from "../core/external-service.ts";
import type { HealthReport } from "../core/health.ts";
import { announce } from "./announce.ts";
import { type Encoded, encode, encodeJson } from "./codec.ts";
import { sendAfterFailure, sendAtClose, undecodable } from "./connection-errors.ts";
import type { StreamState } from "./connection-model.ts";
import { ConnectionShell, type StreamHost } from "./connection-shell.ts";
import { type DisconnectEvent, disconnectEvent } from "./disconnect-event.ts";
import { Inbox } from "./inbox.ts";
import type { ConsumerName } from "./lane.ts";
import type { MessageIterator } from "./message-iterator.ts";
import { readWebSocketOptions, type WebSocketServiceOptions, type WebSocketSettings } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { Pings } from "./pings.ts";
import { judgeState, probe } from "./stream-health.ts";

export interface SendOptions {
  /** Takes the message back while it waits; its reason is thrown unchanged. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until it must be with the kernel. @defaultValue `sendTimeoutMs` */
  readonly timeoutMs?: number | undefined;
}

/** Gets each message; the next one comes when the promise it returned has settled. */
export type MessageHandler<Message> = (message: Message) => void | Promise<void>;

// Which connection the running code prepares: what it sends goes before what the rest of the program sends.
const preparing = new AsyncLocalStorage<{ readonly owner: object; readonly generation: number }>();

/**
 * A service that is talked to over one WebSocket stream, which outlives its sockets. PROTOCOL.md is its contract.
 *
 * Subclasses override what they need of `onConnect`, `onDisconnect`, `onMessage` and `onError`.
 */
export abstract class WebSocketService<Message = string | Uint8Array> extends BaseExternalService {
  readonly #settings: WebSocketSettings<Message>;
  readonly #shell: ConnectionShell;
  readonly #inbox: Inbox<Message>;
  readonly #outbox: Outbox;
  readonly #pings: Pings;
  /** Pending while `connect()` waits for the stream to open. */
  #start: PromiseWithResolvers<void> | undefined;
  readonly #closed: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  #opens = 0;
  #lastMessageAt: number | undefined;

  /** @throws ServiceConfigurationError with every problem of the options at once. */
  constructor(options: WebSocketServiceOptions<Message>) {
    const settings = readWebSocketOptions<Message>(options, new.target.name);
    super(settings);
    this.#settings = settings;
    this.#pings = new Pings(this.clock);
    this.#outbox = new Outbox({ service: this.name, operation: settings.path }, settings.outbox, this.clock);
    this.#inbox = new Inbox<Message>(settings.inbox, {
      onPressure: (isFull) => this.#shell.setPaused(isFull),
      onError: (thrown, from) => this.#tell(thrown, from),
    });
    this.#inbox.addHandler((message) => this.onMessage(message), { consumer: "onMessage" });
    this.#shell = new ConnectionShell(settings as WebSocketSettings<never>, this.#host());
  }

  /** Where the stream is, with what belongs to it. */
  get state(): StreamState {
    return this.#shell.state;
  }

  /**
   * Opens the stream and resolves to the service when `onConnect` is done. Attempts that fail for a passing reason are
   * repeated, for `startTimeoutMs` in all. A stream that has failed for good is dialled anew.
   *
   * @throws the error of the last attempt, or ServiceTimeoutError `timeout-start` where none has ended;
   * ServiceUnavailableError `unavailable-draining | unavailable-stopped` once it was closed.
   */
  override async connect(): Promise<this> {
    await super.connect();
    if (this.state.name === "failed" || this.#start !== undefined) await this.#begin();
    return this;
  }

  /** The same as `close()`: sends what is queued, then a Close frame, within `closeTimeoutMs`. */
  async disconnect(): Promise<void> {
    await this.close();
  }

  /**
   * Sends text, bytes, or anything else as JSON, and resolves when it was handed to the kernel, which is not a receipt.
   * Waits through reconnects, in order.
   *
   * @throws ServiceTimeoutError `timeout-send | timeout-deadline`; ServiceConnectionError `connection-reset` (outcome
   * `unknown`) where the connection broke meanwhile, `connection-not-connected` in state `failed`;
   * ServiceUnavailableError before `connect()` and after `close()`; ServiceConfigurationError for what cannot be
   * encoded or is too large; the signal's reason.
   */
  async send(message: string | Uint8Array | object, options: SendOptions = {}): Promise<void> {
    await this.#send(() => encode(this.name, message, this.#settings.maxPayloadBytes), options);
  }

  /** Sends any value as JSON. @throws as {@link WebSocketService.send}. */
  async sendJson(value: unknown, options: SendOptions = {}): Promise<void> {
    await this.#send(() => encodeJson(this.name, value, this.#settings.maxPayloadBytes), options);
  }

  /**
   * Adds a consumer with a lane of its own: in order, one message at a time. Added twice, it is called once.
   *
   * @throws ServiceConfigurationError for anything but a function.
   */
  addMessageHandler(handler: MessageHandler<Message>): this {
    if (typeof handler !== "function") {
      throw new ServiceConfigurationError(this.name, ["addMessageHandler needs a function"]);
    }
    this.#inbox.addHandler(handler, { consumer: "handler", handler: handler.name });
    return this;
  }

  /** Removes it; what waits for it is dropped. False where it was not there. */
  removeMessageHandler(handler: MessageHandler<Message>): boolean {
    return this.#inbox.removeHandler(handler);
  }

  /**
   * The messages from now on. Read it to the end or leave it (`break`, `return()`): one that does neither fills up and
   * pauses the stream. Ends after `close()`; throws the stream's error after it has failed.
   */
  messages(options: { readonly signal?: AbortSignal | undefined } = {}): MessageIterator<Message> {
    return this.#inbox.iterate(options.signal);
  }

  /** Tries the connection with a ping of its own; see PROTOCOL.md, section 9. */
  async checkHealth(options: { readonly signal?: AbortSignal } = {}): Promise<HealthReport> {
    const startedAt = this.clock.now();
    const limits = { pingTimeoutMs: this.#settings.pingTimeoutMs, signal: options.signal };
    const verdict = judgeState(this.state) ?? (await probe(this.#shell, this.#pings, this.clock, limits));
    const now = this.clock.now();
    return {
      service: this.name,
      ...verdict,
      latencyMs: Math.round(now - startedAt),
      state: this.state.name,
      time: new Date(this.clock.wallNow()).toISOString(),
      details: {
        generation: this.state.generation,
        reconnects: Math.max(0, this.#opens - 1),
        rttMs: rounded(this.#pings.rttMs),
        lastMessageAgeMs: rounded(this.#lastMessageAt === undefined ? undefined : now - this.#lastMessageAt),
        queuedSends: this.#outbox.queuedMessages,
        queuedSendBytes: this.#outbox.queuedBytes,
        undeliveredMessages: this.#inbox.depth,
        isReadingPaused: this.#shell.isPaused,
      },
    };
  }

  /**
   * Runs on each new connection before anything else flows; what it sends goes first. It must not wait for a message:
   * they are delivered after it. If it throws or takes too long, the connection counts as failed.
   */
  protected onConnect(): void | Promise<void> {}

  /** Runs once for each `onConnect` that was begun, when its connection has ended. Nobody waits for it. */
  protected onDisconnect(_event: DisconnectEvent): void | Promise<void> {}

  /** Gets each message, in order, the next one when it is done with the last. */
  protected onMessage(_message: Message): void | Promise<void> {}

  /** Gets what a consumer threw, unchanged, and each failed attempt that is followed by another. Logs at `warn`. */
  protected onError(error: unknown, from: ConsumerName): void | Promise<void> {
    this.logger.warn(
      { err: error, ...from },
      from.consumer === "connection" ? "connecting failed" : "a consumer threw",
    );
  }

  protected async open(signal: AbortSignal): Promise<void> {
    const start = this.#begin();
    const giveUp = (): void => this.#shell.close();
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      await start;
    } catch (error) {
      this.#shell.reset();
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  protected async shut(): Promise<void> {
    this.#shell.close();
    await this.#closed.promise;
  }

  async #begin(): Promise<void> {
    if (this.#start === undefined) {
      const start = Promise.withResolvers<void>();
      this.#start = start;
      // Whoever waits for it hears of its failure; that nobody does is not an unhandled rejection.
      start.promise.catch(() => undefined);
      this.#shell.start();
    }
    await this.#start?.promise;
  }

  async #send(encodeMessage: () => Encoded, { signal, timeoutMs }: SendOptions): Promise<void> {
    const scope = preparing.getStore();
    const { state } = this;
    const isPreparing = (state.name === "connecting" || state.name === "reconnecting") && state.step.at === "preparing";
    const isSetup = isPreparing && scope?.owner === this && scope.generation === state.generation;
    // The first connection is open a moment before connect() resolves, and handlers may answer in that moment.
    if (!isSetup && !(this.lifecycle === "starting" && state.name === "open")) this.assertReady("send");
    if (state.name === "failed") throw sendAfterFailure(this.name, state.error);
    const ownMs = timeoutMs ?? this.#settings.sendTimeoutMs;
    if (!(ownMs > 0)) {
      throw new ServiceConfigurationError(this.name, [`send: timeoutMs must be a number above 0, not ${ownMs}`]);
    }
    const inherited = currentDeadline();
    const leftMs = inherited?.remainingMs() ?? Number.POSITIVE_INFINITY;
    await this.#outbox.send(encodeMessage(), {
      limitMs: Math.min(ownMs, leftMs),
      limit: leftMs < ownMs ? "deadline" : "send",
      signals: [...(signal === undefined ? [] : [signal]), ...(inherited?.signals ?? [])],
      isSetup,
    });
  }

  #host(): StreamHost {
    return {
      prepare: async (socket, generation) => {
        this.#inbox.hold();
        if (this.#inbox.isFull) this.#shell.setPaused(true);
        this.#outbox.prepare(socket);
        await preparing.run({ owner: this, generation }, () => this.onConnect());
      },
      flow: (socket) => {
        this.#opens++;
        this.#start?.resolve();
        this.#start = undefined;
        this.#outbox.open(socket);
        this.#inbox.release();
      },
      hold: (cause) => {
        this.#outbox.hold(cause);
        this.#pings.clear();
      },
      flush: () => this.#outbox.drain(() => sendAtClose(this.name)),
      discardIncoming: () => this.#inbox.shut(),
      ping: (socket) => this.#pings.send(socket),
      pong: (payload) => this.#pings.pong(payload),
      message: (data, bytes) => this.#receive(data, bytes),
      prepareFailed: (thrown) => this.#tell(thrown, { consumer: "onConnect" }),
      report: (error) => this.#tell(error, { consumer: "connection" }),
      disconnected: (end) => {
        const event = disconnectEvent({ ...end, isClosing: this.state.name === "closed" });
        this.#guard({ consumer: "onDisconnect" }, () => this.onDisconnect(event));
      },
      end: (error) => this.#end(error),
      announce: (state) => {
        // Of a start that failed, connect() tells: logged or thrown, not both.
        const isThrown = state.name === "failed" && this.lifecycle === "starting";
        announce(this.name, state, { now: this.clock.now(), logger: isThrown ? undefined : this.logger });
      },
    };
  }

  #receive(data: string | Uint8Array, bytes: number): void {
    this.#lastMessageAt = this.clock.now();
    const { codec } = this.#settings;
    if (codec === undefined) {
      // Without a codec the type parameter is its default.
      this.#inbox.push(data as Message, bytes);
      return;
    }
    let message: Message;
    try {
      message = codec.decode(data);
    } catch (cause) {
      this.#tell(undecodable(this.name, this.#settings.path, cause), { consumer: "codec" });
      return;
    }
    this.#inbox.push(message, bytes);
  }

  #end(error: ExternalServiceError | undefined): void {
    this.#pings.clear();
    this.#outbox.end(() => (error === undefined ? sendAtClose(this.name) : sendAfterFailure(this.name, error)), error);
    if (this.#start !== undefined) {
      // The stream was not open yet: connect() tells of it, and readers may wait for the next one.
      this.#start.reject(error ?? sendAtClose(this.name));
      this.#start = undefined;
      if (error !== undefined) return;
    }
    const dropped = this.#inbox.end(error);
    if (error === undefined) this.#inbox.shut();
    if (dropped > 0) this.logger.warn({ dropped }, "messages that no handler had been given yet were dropped at close");
    if (error === undefined) this.#closed.resolve();
  }

  #tell(thrown: unknown, from: ConsumerName): void {
    const run = async (): Promise<void> => {
      await this.onError(thrown, from);
    };
    run().catch((error: unknown) => this.logger.error({ err: error }, "onError threw"));
  }

  #guard(from: ConsumerName, hook: () => void | Promise<void>): void {
    const run = async (): Promise<void> => {
      await hook();
    };
    run().catch((thrown: unknown) => this.#tell(thrown, from));
  }
}

const rounded = (ms: number | undefined): number | undefined =>
  ms === undefined ? undefined : Math.round(ms * 10) / 10;
