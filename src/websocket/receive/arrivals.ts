import { hasSubscribers, publish } from "../../core/events.ts";
import type { MessageCodec } from "../codecs/codec.ts";
import { undecodable } from "../connection/connection-errors.ts";
import type { LiveConnection } from "../connection/live-connection.ts";
import type { WebSocketSettings } from "../options.ts";
import { type MessageId, SeenIds } from "../resume/dedupe.ts";
import type { Parcel } from "../resume/held-arrivals.ts";
import type { Inbox } from "./inbox.ts";
import { fitToKeep, KeptMessages } from "./kept-messages.ts";
import type { ConsumerName } from "./lane.ts";
import { UndecodableMessage } from "../codecs/undecodable-message.ts";
import type { Requests } from "../requests/requests.ts";
import type { Sequencer } from "../resume/sequencer.ts";
import type { StreamName } from "../dial/socket-errors.ts";
import type { Subscriptions } from "../subscriptions/subscriptions.ts";
import type { Traffic } from "../traffic.ts";

/** Whom arrivals are shown to, in this order. */
export interface ArrivalParts<Message> {
  readonly name: StreamName;
  /** `announcesEnd`: whether a message announces that the connection will be cut. */
  readonly settings: Pick<WebSocketSettings<Message>, "codec" | "dedupe" | "announcesEnd">;
  readonly traffic: Traffic;
  readonly requests: Requests<Message>;
  readonly subscriptions: Subscriptions<Message> | undefined;
  readonly sequencer: Sequencer<Message> | undefined;
  readonly inbox: Inbox<Message>;
  onEndAnnounced(): void;
  onError(thrown: unknown, from: ConsumerName): void;
}

/** The codec made nothing of it. A symbol: a message may be anything, undefined too. */
const refused = Symbol("refused");

/** The way of a message from its frame to the lanes of the inbox. */
export class Arrivals<Message> {
  readonly #parts: ArrivalParts<Message>;
  readonly #seen: SeenIds | undefined;
  /** The connection whose messages are delivered. */
  #flowing: number | undefined;
  /**
   * What came behind an answer that the work of a subscription waits for, with the turn of the loop in which its code
   * runs: where the service answers with an id of its own, only then is it known whose a message is.
   */
  #behind: { readonly turn: NodeJS.Immediate; readonly kept: KeptMessages<Message> } | undefined;

  constructor(parts: ArrivalParts<Message>) {
    this.#parts = parts;
    const { dedupe } = parts.settings;
    this.#seen = dedupe === undefined ? undefined : new SeenIds(dedupe.maxIds);
  }

  /** The connection that flows, or did last; undefined before the first. */
  get flowing(): number | undefined {
    return this.#flowing;
  }

  /** A frame came in on this connection. */
  receive(
    data: string | Uint8Array,
    bytes: number,
    connection: Pick<LiveConnection, "generation" | "lastByteAt">,
  ): void {
    const { generation } = connection;
    // When its chunk came: to read the clock for each message would cost more than to hand it over.
    this.#parts.traffic.came(bytes, connection.lastByteAt);
    if (hasSubscribers("hawser:stream:message")) this.#publish(bytes, generation);
    const { codec } = this.#parts.settings;
    // Without a codec the type parameter is its default.
    const message = codec === undefined ? (data as Message) : this.#decode(codec, data);
    if (message === refused) return;
    this.#parts.subscriptions?.offer(message, generation);
    if (this.#parts.requests.offer(message, generation)) this.#answered(generation);
    else if (generation === this.#flowing && this.#behind === undefined) this.#take(message, bytes, generation);
    else this.#keep(message, bytes, generation);
  }

  #answered(generation: number): void {
    if (generation !== this.#flowing || this.#parts.subscriptions?.isAtWork(generation) !== true) return;
    this.#behind ??= { turn: setImmediate(() => this.catchUp()), kept: new KeptMessages() };
  }

  #keep(message: Message, bytes: number, generation: number): void {
    // Whether it is new is asked when it is its turn: a connection that is prepared may yet come to nothing.
    const behind = generation === this.#flowing ? this.#behind : undefined;
    if (behind === undefined) this.#parts.inbox.push(generation, message, bytes);
    else behind.kept.push(fitToKeep(message), bytes, undefined);
  }

  /** Hands on what stands behind an answer; to be called before anything happens to the flow. */
  catchUp(): void {
    if (this.#behind === undefined) return;
    const { turn, kept } = this.#behind;
    clearImmediate(turn);
    this.#behind = undefined;
    for (let next = kept.shift(); next !== undefined; next = kept.shift()) {
      if (this.#flowing !== undefined) this.#take(next.message, next.bytes, this.#flowing);
    }
  }

  /** The flow is on this connection now: what was kept of it comes first. */
  flowOver(generation: number): void {
    this.catchUp();
    this.#flowing = generation;
    this.#parts.inbox.release(generation, (message, bytes) => this.#take(message, bytes, generation));
  }

  #take(message: Message, bytes: number, generation: number): void {
    const { inbox, sequencer, subscriptions } = this.#parts;
    const topic = subscriptions?.topicOf(message);
    if (sequencer !== undefined && this.#isCounted(topic)) sequencer.take({ message, bytes }, topic, generation);
    else if (!this.#isRepeated(message))
      inbox.push(generation, message, bytes, topic === undefined ? undefined : { topic });
  }

  /** What still comes of a key that was taken back counts no more: where it is wanted again, its count begins anew. */
  #isCounted(topic: string | undefined): boolean {
    return topic === undefined || this.#parts.subscriptions?.isTakenBack(topic) !== true;
  }

  /** What the sequencer lets through, in order. */
  deliver({ message, bytes }: Parcel<Message>, onHandled: (() => void) | undefined): void {
    const { inbox, subscriptions } = this.#parts;
    // Only now: what the sequencer gives up when a connection is lost comes again, and its id must not be known then.
    if (this.#isRepeated(message)) {
      onHandled?.();
      return;
    }
    const topic = subscriptions?.topicOf(message);
    if (this.#flowing !== undefined) inbox.push(this.#flowing, message, bytes, { topic, onHandled });
  }

  #decode(codec: MessageCodec<Message>, data: string | Uint8Array): Message | typeof refused {
    try {
      const message = codec.decode(data);
      // Its promise would be the message, of whatever type it says.
      if (message instanceof Promise)
        throw new UndecodableMessage("encoding", "the codec decodes asynchronously, and a stream cannot wait for it");
      return message;
    } catch (cause) {
      const { name, traffic } = this.#parts;
      traffic.undecodable++;
      this.#parts.onError(undecodable(name.service, name.operation, cause), { consumer: "codec" });
      return refused;
    }
  }

  /**
   * Whether it has come before. One that has not may announce the end of the connection that flows: a copy of it over
   * the old connection, or one that is repeated to the next, says nothing of that.
   */
  #isRepeated(message: Message): boolean {
    const { dedupe, announcesEnd } = this.#parts.settings;
    if (dedupe !== undefined && this.#hasCome(dedupe.idOf, message)) return true;
    if (announcesEnd !== undefined && this.#guarded(announcesEnd, message) === true) this.#parts.onEndAnnounced();
    return false;
  }

  #hasCome(idOf: (message: Message) => MessageId | undefined, message: Message): boolean {
    const id = this.#guarded(idOf, message);
    if (id === undefined || this.#seen?.seen(id) !== true) return false;
    this.#parts.traffic.duplicates++;
    return true;
  }

  #guarded<T>(ask: (message: Message) => T, message: Message): T | undefined {
    try {
      return ask(message);
    } catch (thrown) {
      this.#parts.onError(thrown, { consumer: "inbox" });
      return undefined;
    }
  }

  #publish(bytes: number, generation: number): void {
    publish("hawser:stream:message", { service: this.#parts.name.service, generation, direction: "in", bytes });
  }
}
