import { hasSubscribers, publish } from "../core/events.ts";
import { type Encoded, encode } from "./codec.ts";
import type { WebSocketSettings } from "./options.ts";
import type { Outbox } from "./outbox.ts";
import type { SendTerms, Sink } from "./outgoing.ts";
import type { Traffic } from "./traffic.ts";

/** What messages go out by. */
export interface DepartureParts<Message> {
  readonly settings: Pick<WebSocketSettings<Message>, "name" | "maxPayloadBytes" | "codec">;
  readonly outbox: Pick<Outbox, "send">;
  readonly traffic: Traffic;
  /** The connection of this socket; without one, that which flows or is tried. */
  readonly generationOf: (sink: Sink | undefined) => number;
}

/** The way of a message to the outbox. Whoever sends it, it is counted and told of once it is with the kernel. */
export class Departures<Message> {
  readonly #parts: DepartureParts<Message>;

  constructor(parts: DepartureParts<Message>) {
    this.#parts = parts;
  }

  /** @throws as `send` of the outbox. */
  async send(message: unknown, encoded: Encoded, terms: SendTerms): Promise<void> {
    const { settings, outbox, traffic, generationOf } = this.#parts;
    await outbox.send(message, encoded, terms);
    const { bytes } = encoded;
    traffic.messagesOut++;
    traffic.bytesOut += bytes;
    if (!hasSubscribers("hawser:stream:message")) return;
    const generation = generationOf(terms.setupFor);
    publish("hawser:stream:message", { service: settings.name, generation, direction: "out", bytes });
  }

  /**
   * Sends before all that the rest of the program sends, over this connection or not at all.
   *
   * @throws as `send`; ServiceConfigurationError for what cannot be encoded.
   */
  async sendAsSetup(message: unknown, socket: Sink, signal: AbortSignal): Promise<void> {
    const { name, maxPayloadBytes, codec } = this.#parts.settings;
    const encoded = encode(name, message, maxPayloadBytes, codec);
    const terms = { limitMs: Number.POSITIVE_INFINITY, limit: "send", signals: [signal], setupFor: socket } as const;
    await this.send(message, encoded, terms);
  }
}
