import { hasSubscribers, publish } from "../../core/events.ts";
import { type Encoded, encode } from "../codecs/codec.ts";
import type { WebSocketSettings } from "../options.ts";
import type { Outbox } from "./outbox.ts";
import type { Outgoing, Sink } from "./outgoing.ts";
import type { Traffic } from "../traffic.ts";

/** What messages go out by. */
export interface DepartureParts<Message> {
  readonly settings: Pick<WebSocketSettings<Message>, "name" | "maxPayloadBytes" | "codec">;
  readonly outbox: Pick<Outbox, "send">;
  readonly traffic: Traffic;
  /** The connection of this socket. */
  generationOf(sink: Sink): number | undefined;
}

/** The way of a message to the outbox. Whoever sends it, it is counted and told of once the outbox says that it is with the kernel. */
export class Departures<Message> {
  readonly #parts: DepartureParts<Message>;

  constructor(parts: DepartureParts<Message>) {
    this.#parts = parts;
  }

  /** A message is with the kernel; the flow may be on another connection by then. */
  written({ bytes }: Pick<Outgoing, "bytes">, sink: Sink): void {
    const { settings, traffic } = this.#parts;
    traffic.messagesOut++;
    traffic.bytesOut += bytes;
    if (!hasSubscribers("hawser:stream:message")) return;
    const generation = this.#parts.generationOf(sink);
    if (generation === undefined) return;
    publish("hawser:stream:message", { service: settings.name, generation, direction: "out", bytes });
  }

  /**
   * Sends before all that the rest of the program sends, over this connection or not at all.
   *
   * @throws as `send` of the outbox; ServiceConfigurationError for what cannot be encoded.
   */
  async sendAsSetup(message: unknown, socket: Sink, signal: AbortSignal): Promise<void> {
    const { name, maxPayloadBytes, codec } = this.#parts.settings;
    await this.sendEncodedAsSetup(message, encode(name, message, maxPayloadBytes, codec), socket, signal);
  }

  /** The same for what is encoded already. @throws as `send` of the outbox. */
  async sendEncodedAsSetup(message: unknown, encoded: Encoded, socket: Sink, signal: AbortSignal): Promise<void> {
    const terms = { limitMs: Number.POSITIVE_INFINITY, limit: "send", signals: [signal], setupFor: socket } as const;
    await this.#parts.outbox.send(message, encoded, terms);
  }
}
