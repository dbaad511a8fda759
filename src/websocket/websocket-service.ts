import { ServiceConfigurationError } from "../core/errors.ts";
import { BaseExternalService } from "../core/external-service.ts";
import type { HealthReport } from "../core/health.ts";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { callOptionProblems, noOptions } from "./send/call-options.ts";
import { streamFailed } from "./connection/connection-errors.ts";
import type { StreamState } from "./connection/connection-model.ts";
import type { DisconnectEvent } from "./connection/disconnect-event.ts";
import type { JsonRpcCall } from "./requests/json-rpc.ts";
import { type HandlerOptions, handlerProblems, type MessageHandler } from "./handler-options.ts";
import type { ConsumerName } from "./receive/lane.ts";
import type { MessageIterator } from "./receive/message-iterator.ts";
import {
  readWebSocketOptions,
  readWithOrigins,
  type WebSocketServiceOptions,
  type WebSocketSettings,
} from "./options.ts";
import type { Position } from "./resume/positions.ts";
import {
  type MatchedRequestOptions,
  Sender,
  type SendOptions,
  type StreamRequestOptions,
  type StreamWaitOptions,
} from "./send/sender.ts";
import { Stream } from "./stream.ts";
import { ServiceHooks } from "./service-hooks.ts";
import type { FailedEvent, StreamRemains } from "./stream-owner.ts";
import type { ServiceDescription } from "../core/description.ts";
import { describeStream } from "./describe.ts";
import { checkStream } from "./stream-health.ts";
import { startingStreams } from "./starting-streams.ts";
import { type StreamStats, streamStats } from "./stream-stats.ts";
import type { Subscription } from "./subscriptions/subscription.ts";

/**
 * A service that is talked to over one WebSocket stream, which outlives its sockets. PROTOCOL.md is its contract.
 *
 * Subclasses override what they need of `onConnect`, `onDisconnect`, `onMessage`, `onError` and `onFailed`.
 */
export abstract class WebSocketService<Message = string | Uint8Array> extends BaseExternalService {
  readonly #settings: WebSocketSettings<Message>;
  /** As they were given, for `describe()`. */
  #options: WebSocketServiceOptions<Message>;
  readonly #stream: Stream<Message>;
  readonly #sender: Sender<Message>;

  /** @throws ServiceConfigurationError with every problem of the options at once. */
  constructor(options: WebSocketServiceOptions<Message>) {
    const settings = readWebSocketOptions<Message>(options, new.target.name);
    super(settings);
    this.#settings = settings;
    this.#options = options;
    this.#stream = new Stream<Message>(settings, new ServiceHooks(this), this);
    this.#sender = new Sender(this.#stream, settings);
    const { concurrency } = settings;
    this.#stream.inbox.addHandler((message) => this.onMessage(message), { consumer: "onMessage" }, { concurrency });
  }

  /** Where the stream is, with what belongs to it. */
  get state(): StreamState {
    return this.#stream.state;
  }

  /**
   * The subprotocol that the service chose, of the connection that flows or, before there is one, is being prepared;
   * `""` where it chose none, undefined without a connection.
   */
  get protocol(): string | undefined {
    return this.#stream.shell.current?.protocol;
  }

  /**
   * Opens the stream and resolves to the service when the connection is ready. Attempts that fail for a passing reason
   * are repeated, for `startTimeoutMs` in all. A stream that has failed for good is dialled anew.
   *
   * @throws the error of the last attempt, or ServiceTimeoutError `timeout-start` where none has ended;
   * ServiceUnavailableError `unavailable-draining | unavailable-stopped` once it was closed.
   */
  override async connect(): Promise<this> {
    if (startingStreams.hasSubscribers) startingStreams.publish(this);
    await super.connect();
    if (this.state.name === "failed" || this.#stream.isStarting) await this.#stream.start();
    return this;
  }

  override async close(): Promise<void> {
    await super.close();
    // One that was never connected has readers to end, too.
    await this.#stream.close();
  }

  /**
   * The same as `close()`, and tells what was left: sends what is queued, then a Close frame, within `closeTimeoutMs`.
   * Idempotent, and safe in every state and from inside a handler.
   */
  async disconnect(): Promise<StreamRemains> {
    await this.close();
    return this.#stream.remains;
  }

  /**
   * Closes when requests under way have their answers and handlers have finished with what has come; what comes
   * meanwhile is discarded. A handler that calls it is not waited for.
   *
   * @param options - `timeoutMs`: milliseconds for the wait, above 0; the closing itself has `closeTimeoutMs`.
   * @throws ServiceConfigurationError for a limit that is none.
   */
  async drain(options: { readonly timeoutMs: number }): Promise<StreamRemains> {
    const given: Partial<typeof options> | undefined = options;
    this.#refuse([
      ...callOptionProblems("drain", given ?? noOptions, ["timeoutMs"]),
      ...(given?.timeoutMs === undefined ? ["drain needs a limit: { timeoutMs }, in milliseconds"] : []),
    ]);
    if (this.lifecycle === "ready") await this.#stream.settle(options.timeoutMs);
    return this.disconnect();
  }

  /**
   * Ends a wait between two attempts at once; on an open connection, finds out within 5 s whether it still lives, where
   * there are pings at all.
   */
  reconnectNow(): void {
    this.#stream.shell.hurry();
  }

  /**
   * Moves to another connection, make-before-break: nothing is lost, and nothing comes twice. Does nothing while the
   * stream is not open, or does so already.
   *
   * @throws ServiceConfigurationError where neither `resume` nor `dedupe` tells the messages of two connections apart.
   */
  rotateNow(): void {
    if (this.#settings.rotation === false) {
      throw new ServiceConfigurationError(this.name, [
        "rotateNow needs reconnect, and resume or dedupe: without them messages would come twice",
      ]);
    }
    this.#stream.shell.rotate();
  }

  /**
   * Sends what the codec makes of it; where it does not say: text, bytes, or anything else as JSON. Resolves when it
   * was handed to the kernel, which is not a receipt. Waits through reconnects, in order.
   *
   * @throws ServiceTimeoutError `timeout-send | timeout-deadline`; ServiceConnectionError `connection-reset` (outcome
   * `unknown`) where the connection broke meanwhile, `connection-not-connected` in state `failed`;
   * ServiceUnavailableError before `connect()` and after `close()`, and `unavailable-queue-full`;
   * ServiceConfigurationError for what cannot be encoded or is too large; the signal's reason.
   */
  send(message: string | Uint8Array | object, options: SendOptions = noOptions): Promise<void> {
    // No async function: the promise of each of its layers would cost as much as the frame.
    try {
      if (options !== noOptions) this.#refuse(callOptionProblems("send", options, ["signal", "timeoutMs"]));
      this.#assertSending("send");
      return this.#sender.send(message, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Sends any value as JSON in a text frame, whatever the codec. @throws as {@link WebSocketService.send}. */
  async sendJson(value: unknown, options: SendOptions = noOptions): Promise<void> {
    this.#refuse(callOptionProblems("sendJson", options, ["signal", "timeoutMs"]));
    this.#assertSending("send");
    await this.#sender.sendJson(value, options);
  }

  /**
   * Sends, and resolves to the first message for which `match` holds, of those that come afterwards on the same
   * connection; nobody else gets that message. Never sent twice. Within `onConnect` too.
   *
   * @throws as `send`; ServiceTimeoutError `timeout-answer | timeout-deadline`; ServiceConnectionError `connection-reset` where the
   * connection is lost before the answer: outcome `unknown` once the message was handed over, `not-sent` before;
   * ServiceDecodeError where the answer does not match `schema`.
   */
  // This one first: behind one that is generic, TypeScript gives up on the parameter of `match`.
  request(
    message: string | Uint8Array | object,
    options: MatchedRequestOptions<Message> & { readonly schema?: undefined },
  ): Promise<Message>;
  request<Schema extends StandardSchemaV1>(
    message: string | Uint8Array | object,
    options: MatchedRequestOptions<Message> & { readonly schema: Schema },
  ): Promise<StandardSchemaV1.InferOutput<Schema>>;
  /**
   * Makes a JSON-RPC 2.0 call, and resolves to its result. The messages that the codec gives must still have `id`,
   * `result` and `error`, by which answers are known.
   *
   * @throws as above; ServiceRpcError where the service answers with an error; ServiceDecodeError `decode-json` where its
   * answer is no response; ServiceConfigurationError for what is no call.
   */
  request<Schema extends StandardSchemaV1>(
    call: JsonRpcCall,
    options: StreamWaitOptions & { readonly schema: Schema },
  ): Promise<StandardSchemaV1.InferOutput<Schema>>;
  request(call: JsonRpcCall, options?: StreamWaitOptions): Promise<unknown>;
  async request(message: string | Uint8Array | object, options: StreamRequestOptions<Message> = {}): Promise<unknown> {
    this.#refuse(callOptionProblems("request", options, ["match", "schema", "signal", "timeoutMs"]));
    this.#assertSending("request");
    return this.#sender.request(message, options);
  }

  /**
   * The next message that passes. It takes it from nobody. Waits for ever, unless told otherwise.
   *
   * @throws ServiceTimeoutError `timeout-answer | timeout-deadline`; the signal's reason; what the filter threw; the
   * stream's error once it has failed, ServiceUnavailableError once it was closed.
   */
  async once(filter: (message: Message) => boolean, options: StreamWaitOptions = {}): Promise<Message> {
    this.#refuse(callOptionProblems("once", options, ["signal", "timeoutMs"]));
    this.#assertNotOver("once");
    return this.#sender.once(filter, options);
  }

  /**
   * Has the stream carry what `key` names, from now on and after every reconnect, and resolves when the service has
   * confirmed it. `handler` gets the messages of this key, in a lane of its own. It may be called before `connect()`,
   * and then resolves only once the stream is open; where it rejects, the key is forgotten.
   *
   * @param options - `timeoutMs`: until it is confirmed; `requestTimeoutMs` where it is not given.
   * @throws ServiceConfigurationError for a key that is there already, without the option `subscriptions`, and in
   * `onConnect`; ServiceRpcError where the service refuses; ServiceTimeoutError `timeout-answer | timeout-deadline`; the
   * signal's reason; the stream's error once it has failed, ServiceUnavailableError once it was closed.
   */
  async subscribe(
    key: string,
    handler?: MessageHandler<Message>,
    options: StreamWaitOptions & HandlerOptions<Message> = {},
  ): Promise<Subscription> {
    this.#assertNotOver("subscribe");
    const problems = [
      // It would be wanted there again and again, and wait for what comes after onConnect.
      ...(this.#sender.setupFor === undefined
        ? []
        : ["subscribe: not in onConnect; once beside connect() is enough, for each connection is asked for it"]),
      ...callOptionProblems("subscribe", options, ["concurrency", "signal", "timeoutMs"]),
      ...(handler === undefined || typeof handler === "function" ? [] : ["subscribe: the handler must be a function"]),
      ...(handler === undefined || this.#settings.subscriptions?.keyOf !== undefined
        ? []
        : ["subscribe: a handler needs subscriptions.keyOf, which says what a message belongs to"]),
    ];
    this.#refuse([...problems, ...handlerProblems(options)]);
    const { concurrency, signal, timeoutMs } = options;
    const terms = this.#sender.terms({ signal, timeoutMs });
    return this.#stream.topics.subscribe(key, terms, handler, concurrency);
  }

  /**
   * Adds a consumer with a lane of its own: in order, one message at a time. Added twice, it is called once.
   *
   * @throws ServiceConfigurationError for anything but a function, and for options that are wrong.
   */
  addMessageHandler(handler: MessageHandler<Message>, options: HandlerOptions<Message> = {}): this {
    this.#refuse([
      ...(typeof handler === "function" ? [] : ["addMessageHandler needs a function"]),
      ...callOptionProblems("addMessageHandler", options, ["concurrency"]),
      ...handlerProblems(options),
    ]);
    const { concurrency } = options;
    this.#stream.inbox.addHandler(handler, { consumer: "handler", handler: handler.name }, { concurrency });
    return this;
  }

  /** Removes it; what waits for it is dropped. False where it was not there. */
  removeMessageHandler(handler: MessageHandler<Message>): boolean {
    return this.#stream.inbox.removeHandler(handler);
  }

  /**
   * The messages from now on. Read it to the end or leave it (`break`, `return()`): one that does neither fills up and
   * pauses the stream. Ends after `close()`; throws the stream's error after it has failed.
   *
   * @param options - `signal`: ends it; its reason is thrown unchanged. `topic`: those of one subscription alone.
   * @throws ServiceConfigurationError for a topic without `subscriptions.keyOf`.
   */
  messages(
    options: { readonly signal?: AbortSignal | undefined; readonly topic?: string | undefined } = {},
  ): MessageIterator<Message> {
    this.#refuse(callOptionProblems("messages", options, ["signal", "topic"]));
    const { signal, topic } = options;
    if (topic !== undefined && this.#settings.subscriptions?.keyOf === undefined) {
      this.#refuse(["messages: topic needs subscriptions.keyOf, which says what a message belongs to"]);
    }
    return this.#stream.inbox.iterate(signal, topic);
  }

  /**
   * How far every handler has got, by subscription key (`""` where there are no keys): what `resume.from` of the next
   * process begins with. Empty without `resume`. A message counts as handled also where a handler threw or took longer
   * than `handlerTimeoutMs`, and where a policy of the inbox dropped it.
   */
  positions(): ReadonlyMap<string, Position> {
    return this.#stream.sequencer?.positions() ?? new Map<string, Position>();
  }

  /** What the stream has done and is doing. */
  stats(): StreamStats {
    return streamStats(this.#stream, this.clock.now());
  }

  /** What the stream goes by: each part of it, with every number and where it comes from. */
  describe(): ServiceDescription {
    const { origins } = readWithOrigins<Message>(this.#options, this.name);
    const { state, outbox, inbox } = this.#stream;
    const moment = { state: state.name, unsent: outbox.queuedMessages, unhandled: inbox.depth };
    return describeStream(this.#settings, origins, moment);
  }

  /**
   * For `ServiceRegistry.reload()`: readies the settings of another service of the same class. What it returns puts
   * them in force, from the next connection, send or ping on; what is built into the stream stays as it is.
   */
  async "~takeOver"(fresh: this): Promise<() => void> {
    const putInForce = this.#stream.takeOver(fresh.#settings);
    return () => {
      // First: where it throws, nothing has changed.
      this.onReload(fresh);
      putInForce();
      this.#options = fresh.#options;
    };
  }

  /** Tries the connection with a ping of its own; see PROTOCOL.md, section 11. */
  async checkHealth(options: { readonly signal?: AbortSignal } = {}): Promise<HealthReport> {
    return checkStream(this.#stream, this.#settings, options.signal);
  }

  /**
   * Runs on each new connection before anything else flows; what it sends goes first. Messages are delivered after it,
   * but `request()` and `once()` are served. If it throws or takes too long, the connection counts as failed.
   */
  protected onConnect(): void | Promise<void> {}

  /** Runs once for each `onConnect` that was begun, when its connection has ended. Nobody waits for it. */
  protected onDisconnect(_event: DisconnectEvent): void | Promise<void> {}

  /** Gets each message, in order, the next one when it is done with the last, unless `concurrency` says otherwise. */
  protected onMessage(_message: Message): void | Promise<void> {}

  /** Gets what a consumer threw, unchanged, and each failed attempt that is followed by another. Logs at `warn`. */
  protected onError(error: unknown, from: ConsumerName): void | Promise<void> {
    this.logger.warn(
      { err: error, ...from },
      from.consumer === "connection" ? "connecting failed" : "a consumer threw",
    );
  }

  /**
   * The stream had been open, and has failed for good; `connect()` dials it anew. What was not sent is handed over.
   * Nobody waits for it.
   */
  protected onFailed(_event: FailedEvent): void | Promise<void> {}

  /**
   * Called when `ServiceRegistry.reload()` puts other settings in force, in the same turn. A subclass that keeps some of
   * its own takes them from `fresh`, which was made with the new ones, and is thrown away. Where it throws, the service
   * keeps the former settings.
   */
  protected onReload(_fresh: this): void {}

  protected async open(signal: AbortSignal): Promise<void> {
    const start = this.#stream.start();
    const giveUp = (): void => this.#stream.shell.close();
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      await start;
    } catch (error) {
      this.#stream.shell.reset();
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  protected async shut(): Promise<void> {
    await this.#stream.close();
  }

  #refuse(problems: readonly string[]): void {
    if (problems.length > 0) throw new ServiceConfigurationError(this.name, problems);
  }

  #assertSending(operation: string): void {
    // The first connection is open a moment before connect() resolves, and handlers may answer in that moment.
    const { lifecycle } = this;
    const isOpening = lifecycle === "starting" && this.state.name === "open";
    if (lifecycle !== "ready" && !isOpening && this.#sender.setupFor === undefined) this.assertReady(operation);
    if (this.state.name === "failed") throw streamFailed({ service: this.name, operation }, this.state.error);
  }

  /** What waits for messages may do so before they can come. */
  #assertNotOver(operation: string): void {
    if (this.lifecycle === "draining" || this.lifecycle === "stopped") this.assertReady(operation);
    if (this.state.name === "failed") throw streamFailed({ service: this.name, operation }, this.state.error);
  }
}
