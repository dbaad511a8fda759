import { processEnvironment } from "../core/environment.ts";
import type { ExternalServiceError } from "../core/errors.ts";
import { hasSubscribers, publish } from "../core/events.ts";
import { announce, announceAttempt } from "./announce.ts";
import { type ArrivalParts, Arrivals } from "./receive/arrivals.ts";
import { caughtUp } from "./connection/catch-up.ts";
import { encode } from "./codecs/codec.ts";
import { unwatchClock, watchClock } from "./connection/clock-watch.ts";
import { streamClosed, streamFailed } from "./connection/connection-errors.ts";
import type { StreamState } from "./connection/connection-model.ts";
import { ConnectionShell, type StreamHost } from "./connection/connection-shell.ts";
import { type DepartureParts, Departures } from "./send/departures.ts";
import { Dialer } from "./dial/dial.ts";
import { disconnectEvent } from "./connection/disconnect-event.ts";
import type { Parcel } from "./resume/held-arrivals.ts";
import type { Inbox, InboxHooks } from "./receive/inbox.ts";
import type { ConsumerName } from "./receive/lane.ts";
import type { LiveConnection } from "./connection/live-connection.ts";
import type { WebSocketSettings } from "./options.ts";
import { Outbox } from "./send/outbox.ts";
import type { Sink } from "./send/outgoing.ts";
import { Pings } from "./connection/pings.ts";
import { type Position, positionsAt } from "./resume/positions.ts";
import { Requests, type RequestsHost } from "./requests/requests.ts";
import { streamKey } from "./resume/resume-options.ts";
import { prepareWithin } from "./send/scope.ts";
import type { Sequencer } from "./resume/sequencer.ts";
import { readyTakeOver } from "./take-over.ts";
import { ConnectionRules, makeInbox, makeSequencer, makeSubscriptions } from "./stream-parts.ts";
import type { StreamName } from "./dial/socket-errors.ts";
import type { StreamOwner, StreamRemains } from "./stream-owner.ts";
import type { Subscriptions } from "./subscriptions/subscriptions.ts";
import { Topics } from "./subscriptions/topics.ts";
import { Traffic } from "./traffic.ts";
import type { StreamSocket } from "./transport.ts";

// For what nobody takes back.
const never = new AbortController().signal;

const nothing: StreamRemains = { unsent: [], unhandled: 0 };

/**
 * A conversation that outlives its sockets: puts its parts together, and runs what the connection shell asks for.
 *
 * Its parts are told the stream itself, for what they ask of it: a closure for each would be a tenth of what an idle
 * stream has on the heap.
 */
export class Stream<Message>
  implements StreamHost, InboxHooks, RequestsHost, ArrivalParts<Message>, DepartureParts<Message>
{
  readonly settings: WebSocketSettings<Message>;
  readonly name: StreamName;
  readonly inbox: Inbox<Message>;
  readonly outbox: Outbox;
  readonly requests: Requests<Message>;
  readonly subscriptions: Subscriptions<Message> | undefined;
  readonly sequencer: Sequencer<Message> | undefined;
  readonly shell: ConnectionShell;
  readonly pings: Pings;
  readonly traffic: Traffic = new Traffic();
  readonly departures: Departures<Message>;
  readonly #owner: StreamOwner;
  readonly #dialer: Dialer;
  readonly #arrivals: Arrivals<Message>;
  /** Made with the first subscription. */
  #topics: Topics<Message> | undefined;
  /** Pending while `connect()` waits for the stream to open. */
  #start: PromiseWithResolvers<void> | undefined;
  #closing: Promise<void> | undefined;
  /** Made by whoever closes. */
  #closed: PromiseWithResolvers<void> | undefined;
  #isClosed = false;
  #remains = nothing;
  /** Where the latest connection was asked to go on. */
  #asked: Map<string, Position> | undefined;
  /** Settles when the lanes have room again; undefined while nobody waits for that. */
  #room: PromiseWithResolvers<void> | undefined;

  /** Opens the auth provider; no I/O. */
  constructor(settings: WebSocketSettings<Message>, owner: StreamOwner, stream: object) {
    this.settings = settings;
    this.#owner = owner;
    this.name = { service: settings.name, operation: settings.path };
    const { clock } = settings;
    this.pings = new Pings(clock);
    this.departures = new Departures<Message>(this);
    this.outbox = new Outbox(this.name, settings.outbox, clock, this.departures);
    this.inbox = makeInbox(settings, this);
    this.requests = new Requests<Message>(settings.name, clock, this);
    this.sequencer = makeSequencer(settings, (parcel, onHandled) => this.#deliver(parcel, onHandled), this);
    const positionsOf = (keys: readonly string[]): ReadonlyMap<string, Position> => positionsAt(this.#asked, keys);
    const onEnded = (topic: string, error: unknown): void => {
      this.#topics?.drop(topic);
      this.onError(error, { consumer: "subscription", topic });
    };
    this.subscriptions = makeSubscriptions(settings, stream, { positionsOf, onEnded }, this);
    this.#arrivals = new Arrivals<Message>(this);
    this.#dialer = new Dialer(settings);
    this.shell = new ConnectionShell(new ConnectionRules(settings, this), settings, this.#dialer, this);
  }

  /** What the program has subscribed to. */
  get topics(): Topics<Message> {
    this.#topics ??= new Topics<Message>(this.name.service, this.subscriptions, this.inbox, {
      onTakenBack: (key) => this.#asked?.delete(key),
      onForgotten: (key) => this.sequencer?.forget(key),
    });
    return this.#topics;
  }

  get state(): StreamState {
    return this.shell.state;
  }

  /** Whether `connect()` still waits for it. */
  get isStarting(): boolean {
    return this.#start !== undefined;
  }

  /**
   * Dials, and resolves when the stream is open.
   *
   * @throws what it failed with; ServiceConfigurationError for a proxy in the environment that cannot be used.
   */
  async start(): Promise<void> {
    if (this.#start === undefined) {
      this.#dialer.start(processEnvironment());
      const start = Promise.withResolvers<void>();
      this.#start = start;
      // Whoever waits for it hears of its failure; that nobody does is not an unhandled rejection.
      start.promise.catch(() => undefined);
      watchClock(this.settings.clock, this);
      this.shell.start();
    }
    await this.#start?.promise;
  }

  /** Readies other settings: they hold from the next attempt, send or ping on. @throws as {@link readyTakeOver}. */
  takeOver(fresh: WebSocketSettings<Message>): () => void {
    return readyTakeOver(this.settings, fresh, processEnvironment(), {
      renew: (route, hasOtherAuth) => this.#dialer.renew(route, hasOtherAuth),
      rotate: () => this.shell.rotate(),
    });
  }

  /** Ends it within the close limit, and gives back all that it held. Asked for twice, it is done once. */
  async close(): Promise<void> {
    await (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const { clock, closeTimeoutMs, logger } = this.settings;
    const limit = Promise.withResolvers<void>();
    const timer = clock.setTimer(closeTimeoutMs, limit.resolve);
    this.sequencer?.stop();
    this.shell.close();
    if (!this.#isClosed) {
      this.#closed ??= Promise.withResolvers<void>();
      await this.#closed.promise;
    }
    try {
      await Promise.race([this.#dialer.close(), limit.promise]);
    } catch (error) {
      // Not thrown: whoever closes is owed what was left.
      logger.warn({ err: error }, "the auth provider could not give back what it holds");
    }
    timer.cancel();
  }

  /** What was left when it was closed; nothing before. */
  get remains(): StreamRemains {
    return this.#remains;
  }

  /**
   * Takes no further messages, and waits for those that came and for the answers to requests; not for the handler that
   * called it, and not longer than the limit. To be called before any `await`.
   */
  async settle(limitMs: number): Promise<void> {
    const callers = this.inbox.callers();
    this.#arrivals.catchUp();
    this.inbox.shut();
    this.sequencer?.stop();
    const limit = Promise.withResolvers<void>();
    const timer = this.settings.clock.setTimer(limitMs, limit.resolve);
    const settled = Promise.all([this.requests.quiet(), this.inbox.idle(callers)]);
    await Promise.race([settled, limit.promise]);
    timer.cancel();
  }

  /** The machine was suspended, or its clock was set. */
  onJump(): void {
    this.shell.hurry();
  }

  /** The number of the connection whose socket this is. */
  generationOf(sink: Sink): number | undefined {
    return this.shell.generationOf(sink);
  }

  isReadingPaused(): boolean {
    return this.shell.isPaused;
  }

  onEndAnnounced(): void {
    this.shell.rotate();
  }

  /** Tells `onError` of the service, and the log where that itself fails. */
  onError(thrown: unknown, from: ConsumerName): void {
    const run = async (): Promise<void> => {
      await this.#owner.onError(thrown, from);
    };
    run().catch((error: unknown) => this.settings.logger.error({ err: error }, "onError threw"));
  }

  #guard(from: ConsumerName, hook: () => void | Promise<void>): void {
    const run = async (): Promise<void> => {
      await hook();
    };
    run().catch((thrown: unknown) => this.onError(thrown, from));
  }

  flow(socket: StreamSocket, { generation }: LiveConnection): void {
    this.traffic.opens++;
    this.#start?.resolve();
    this.#start = undefined;
    this.subscriptions?.switchTo(generation);
    this.outbox.open(socket);
    this.#arrivals.flowOver(generation);
  }

  hold(socket: StreamSocket, { generation }: LiveConnection, cause: ExternalServiceError): void {
    if (generation === this.#arrivals.flowing) this.#arrivals.catchUp();
    this.outbox.lose(socket, cause);
    this.requests.lose(generation, cause);
    this.subscriptions?.lose(generation, cause);
    this.inbox.forget(generation);
    if (generation !== this.#arrivals.flowing) return;
    this.sequencer?.lost();
    // A pong of the next connection must not be taken for an answer to them.
    this.pings.clear();
  }

  retire(_socket: StreamSocket, { generation }: LiveConnection): Promise<void> {
    return this.requests.quiet(generation);
  }

  flush(): Promise<void> {
    return this.outbox.drain(() => this.#refusal("send", "the message could be sent"));
  }

  discardIncoming(): void {
    this.#arrivals.catchUp();
    this.inbox.shut();
  }

  pong(payload: string): void {
    if (!this.pings.pong(payload) || !hasSubscribers("hawser:stream:ping")) return;
    publish("hawser:stream:ping", { service: this.settings.name, rttMs: this.pings.rttMs ?? 0 });
  }

  message(data: string | Uint8Array, bytes: number, connection: LiveConnection): void {
    if (this.settings.isPong !== undefined && this.#isPong(this.settings.isPong, data)) return;
    this.#arrivals.receive(data, bytes, connection);
  }

  prepareFailed(thrown: unknown): void {
    this.onError(thrown, { consumer: "onConnect" });
  }

  report(error: ExternalServiceError): void {
    this.onError(error, { consumer: "connection" });
  }

  disconnected(end: Parameters<StreamHost["disconnected"]>[0]): void {
    const event = disconnectEvent({ ...end, isClosing: this.state.name === "closed" });
    this.#guard({ consumer: "onDisconnect" }, () => this.#owner.onDisconnect(event));
  }

  announce(state: StreamState): void {
    // Of a start that failed, connect() tells: logged or thrown, not both.
    const isThrown = state.name === "failed" && this.#owner.lifecycle() === "starting";
    const { name, clock, logger } = this.settings;
    announce(name, state, { now: clock.now(), logger: isThrown ? undefined : logger });
  }

  async prepare(socket: StreamSocket, connection: LiveConnection): Promise<void> {
    const { generation, signal } = connection;
    this.inbox.hold(generation);
    this.outbox.prepare(socket);
    this.#asked = this.sequencer === undefined ? undefined : new Map(this.sequencer.ask(generation));
    let isResumed = false;
    await prepareWithin(this, socket, async () => {
      await this.#owner.onConnect();
      isResumed = await this.#resume(socket, signal);
      const restored = this.subscriptions?.restore(
        (message, ended) => this.departures.sendAsSetup(message, socket, ended),
        generation,
        signal,
      );
      // The inbox may be full of what came while onConnect ran.
      if (connection.readingSince === undefined) this.subscriptions?.press(generation);
      await restored;
    });
    const replaced = this.shell.open;
    if (replaced !== undefined && !isResumed) await caughtUp(replaced, this.pings, this.settings, signal);
  }

  /** Asks for what came after the last position, where no subscription does. False where there is nothing to ask with. */
  async #resume(socket: StreamSocket, signal: AbortSignal): Promise<boolean> {
    const request = this.settings.resume?.request;
    const position = this.#asked?.get(streamKey);
    if (request === undefined || position === undefined) return false;
    await this.departures.sendAsSetup(request(position, { key: streamKey }), socket, signal);
    return true;
  }

  /** What the sequencer lets through. It waits with what it fetched while the lanes have no room. */
  #deliver(parcel: Parcel<Message>, onHandled: (() => void) | undefined): Promise<void> | undefined {
    this.#arrivals.deliver(parcel, onHandled);
    if (!this.inbox.isFull) return undefined;
    this.#room ??= Promise.withResolvers<void>();
    return this.#room.promise;
  }

  onPressure(isFull: boolean, generation: number): void {
    this.shell.setPaused(isFull, generation);
    if (isFull && generation !== this.#arrivals.flowing) this.subscriptions?.press(generation);
    if (isFull) this.traffic.pauses++;
    else if (!this.inbox.isFull) {
      this.#room?.resolve();
      this.#room = undefined;
    }
    const { name: service } = this.settings;
    publish("hawser:stream:pressure", { service, isPaused: isFull, depth: this.inbox.depth });
  }

  ping(socket: StreamSocket): void {
    const { pingMessage, name, maxPayloadBytes, codec } = this.settings;
    if (pingMessage === undefined) return this.pings.send(socket);
    const ping = async (): Promise<void> => {
      const message = pingMessage();
      // A service whose messages are JSON may well want a bare "ping".
      const isFrame = typeof message === "string" || message instanceof Uint8Array;
      const encoded = encode(name, message, maxPayloadBytes, isFrame ? undefined : codec);
      await this.departures.sendEncodedAsSetup(message, encoded, socket, never);
    };
    ping().catch((error: unknown) => {
      // Of a connection that is gone, its end tells.
      if (this.shell.open?.socket === socket) this.onError(error, { consumer: "pingMessage" });
    });
  }

  #isPong(isPong: (frame: string | Uint8Array) => boolean, data: string | Uint8Array): boolean {
    try {
      return isPong(data);
    } catch (thrown) {
      this.onError(thrown, { consumer: "pingMessage" });
      return false;
    }
  }

  attempted(connection: LiveConnection, error: ExternalServiceError | undefined): void {
    this.traffic.attempts++;
    if (error !== undefined) this.traffic.failedAttempts++;
    announceAttempt(this.settings.name, connection, this.settings.clock.now(), error);
  }

  end(error: ExternalServiceError | undefined): void {
    const { path, logger } = this.settings;
    unwatchClock(this.settings.clock, this);
    this.#arrivals.catchUp();
    this.pings.clear();
    const unsent = this.outbox.end(() => this.#refusal("send", "the message could be sent", error), error);
    this.requests.end((operation, awaited) => this.#refusal(operation, awaited, error), error);
    this.subscriptions?.end(this.#refusal(`subscribe ${path}`, "the subscription was confirmed", error));
    // After a failure too: what waits for a gap to be filled is asked for again by the next connection.
    const held = this.sequencer?.close() ?? 0;
    if (this.#start !== undefined) {
      // The stream was not open yet: connect() tells of it, and readers may wait for the next one.
      this.#start.reject(error ?? this.#refusal("connect", "the stream was open"));
      this.#start = undefined;
      if (error !== undefined) return;
    }
    const unhandled = this.inbox.end(error) + held;
    if (error !== undefined) {
      this.#guard({ consumer: "onFailed" }, () => this.#owner.onFailed({ error, unsent }));
      return;
    }
    this.inbox.shut();
    if (unhandled > 0) logger.warn({ unhandled }, "messages that no handler had been given yet were dropped at close");
    this.#remains = { unsent, unhandled };
    this.#isClosed = true;
    this.#closed?.resolve();
  }
  /** For what the end of the stream leaves undone. @param awaited - what it waited for. */
  #refusal(operation: string, awaited: string, error?: ExternalServiceError): ExternalServiceError {
    const about = { service: this.settings.name, operation };
    return error === undefined ? streamClosed(about, awaited) : streamFailed(about, error);
  }
}
