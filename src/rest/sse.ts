import { LineSplitter, TooLongError } from "./line-splitter.ts";

/** One event of a stream of server-sent events. */
export interface ServerSentEvent<Data = string> {
  /** `"message"` where the service gives it no type. */
  readonly event: string;
  readonly data: Data;
  /** The last id that the service has given, with this event or before; empty where it gave none. */
  readonly id: string;
}

/**
 * The parser of `text/event-stream`, as the HTML standard has it (section 9.2.6). Pure: bytes go in, split anywhere,
 * and events come out; an event that was not ended by an empty line is none.
 */
export class SseParser {
  readonly #lines: LineSplitter;
  readonly #maxLength: number;
  #event = "";
  #data: string[] = [];
  #dataLength = 0;
  #id: string;
  #lastEventId: string;
  #retryMs: number | undefined;

  /**
   * @param options - `maxLength`: of a line, and of the data of an event, in UTF-16 code units. `lastEventId`: of the
   * connection before, since it goes on from there.
   */
  constructor(options: { readonly maxLength: number; readonly lastEventId?: string }) {
    this.#lines = new LineSplitter({ ends: "any", maxLength: options.maxLength });
    this.#maxLength = options.maxLength;
    this.#id = options.lastEventId ?? "";
    this.#lastEventId = this.#id;
  }

  /** Where to resume: also an event without data moves it on. */
  get lastEventId(): string {
    return this.#lastEventId;
  }

  /** How long the service asks to wait before another connection; undefined until it does. */
  get retryMs(): number | undefined {
    return this.#retryMs;
  }

  /** The events that this piece completes. @throws TooLongError */
  push(piece: Uint8Array): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    for (const line of this.#lines.push(piece)) {
      if (line !== "") this.#field(line);
      else if (this.#data.length > 0) events.push(this.#dispatch());
      else this.#forget();
    }
    return events;
  }

  #field(line: string): void {
    const colon = line.indexOf(":");
    // A line that begins with a colon is a comment. It was life on the wire, and means nothing.
    if (colon === 0) return;
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    switch (name) {
      case "event":
        this.#event = value;
        return;
      case "data":
        this.#data.push(value);
        this.#dataLength += value.length + 1;
        if (this.#dataLength > this.#maxLength) throw new TooLongError(this.#maxLength);
        return;
      case "id":
        if (!value.includes("\0")) this.#id = value;
        return;
      case "retry":
        if (/^[0-9]+$/.test(value)) this.#retryMs = Number(value);
        return;
      default:
    }
  }

  #dispatch(): ServerSentEvent {
    const event = { event: this.#event || "message", data: this.#data.join("\n"), id: this.#id };
    this.#forget();
    return event;
  }

  #forget(): void {
    this.#lastEventId = this.#id;
    this.#event = "";
    this.#data = [];
    this.#dataLength = 0;
  }
}
