import type { StandardSchemaV1 } from "@standard-schema/spec";
import { currentDeadline } from "../../core/deadline.ts";
import { type Encoded, encode, encodeJson } from "../codecs/codec.ts";
import type { WebSocketSettings } from "../options.ts";
import type { Sink } from "./outgoing.ts";
import type { Filter, PendingRequest } from "../requests/pending-request.ts";
import { preparedSink } from "./scope.ts";
import type { Stream } from "../stream.ts";

/** How long something may take, and who may end it. */
export interface StreamWaitOptions {
  /** Takes it back; its reason is thrown unchanged. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds, above 0. */
  readonly timeoutMs?: number | undefined;
}

/** What one `send` is given. `timeoutMs`: until it must be with the kernel. @defaultValue `sendTimeoutMs` */
export type SendOptions = StreamWaitOptions;

/**
 * What a `request` is given that is no JSON-RPC call. `timeoutMs`: until the answer must be there.
 *
 * @defaultValue `requestTimeoutMs`
 */
export interface MatchedRequestOptions<Message> extends StreamWaitOptions {
  /**
   * Whether a message is the answer. Asked of each that comes after the request was handed over, on the same
   * connection. What it throws goes to `onError`, and the message is no answer.
   */
  readonly match: (message: Message) => boolean;
}

/** What any `request` is given. */
export interface StreamRequestOptions<Message> extends StreamWaitOptions {
  /** Without it, the request is a JSON-RPC 2.0 call. */
  readonly match?: MatchedRequestOptions<Message>["match"] | undefined;
  /** What the answer, of a JSON-RPC call its result, must match: any Standard Schema. */
  readonly schema?: StandardSchemaV1 | undefined;
}

interface Terms<Limit extends string> {
  readonly limitMs: number;
  readonly limit: Limit | "deadline";
  readonly signals: readonly AbortSignal[];
}

const noSignals: readonly AbortSignal[] = [];

/** What the program sends over a stream: limits, encoding, and which connection it is for. */
export class Sender<Message> {
  readonly #stream: Stream<Message>;
  readonly #settings: WebSocketSettings<Message>;

  constructor(stream: Stream<Message>, settings: WebSocketSettings<Message>) {
    this.#stream = stream;
    this.#settings = settings;
  }

  /** The socket of the connection that the running code prepares; undefined where it prepares none. */
  get setupFor(): Sink | undefined {
    return preparedSink(this.#stream);
  }

  /** Throws at once what is wrong with the message or the options; the promise is that of the outbox. */
  send(message: unknown, options: SendOptions): Promise<void> {
    const { name, maxPayloadBytes, codec } = this.#settings;
    return this.#send(message, encode(name, message, maxPayloadBytes, codec), options, undefined);
  }

  /** As {@link Sender.send}. */
  sendJson(value: unknown, options: SendOptions): Promise<void> {
    const { name, maxPayloadBytes } = this.#settings;
    return this.#send(value, encodeJson(name, value, maxPayloadBytes), options, undefined);
  }

  async request(
    message: unknown,
    { match, schema, signal, timeoutMs }: StreamRequestOptions<Message>,
  ): Promise<unknown> {
    const { name, path, maxPayloadBytes, codec } = this.#settings;
    const { requests } = this.#stream;
    const operation = `request ${path}`;
    const terms = {
      ...this.#terms({ signal, timeoutMs }, this.#settings.requestTimeoutMs, "answer"),
      operation,
      schema,
    };
    if (match !== undefined) {
      const encoded = encode(name, message, maxPayloadBytes, codec);
      const pending = requests.begin(match, terms);
      return this.#ask(message, encoded, pending);
    }
    const call = requests.beginCall(message, terms);
    return this.#ask(call.message, this.#encodeCall(call.message, call), call);
  }

  async once(filter: Filter<Message>, options: StreamWaitOptions): Promise<Message> {
    const { requests } = this.#stream;
    const operation = `once ${this.#settings.path}`;
    return requests.once(filter, { ...this.#terms(options, undefined, "answer"), operation });
  }

  /** The limits of something that waits for an answer: its own, the inherited deadline, and all signals. */
  terms(options: StreamWaitOptions): Terms<"answer"> {
    return this.#terms(options, this.#settings.requestTimeoutMs, "answer");
  }

  // The request is registered already: what cannot be encoded must not leave it waiting.
  #encodeCall(message: unknown, pending: PendingRequest<unknown>): Encoded {
    const { name, maxPayloadBytes, codec } = this.#settings;
    try {
      return encode(name, message, maxPayloadBytes, codec);
    } catch (error) {
      pending.fail(error);
      throw error;
    }
  }

  async #ask<Answer>(message: unknown, encoded: Encoded, pending: PendingRequest<Answer>): Promise<Answer> {
    const options = { signal: pending.withdrawn, timeoutMs: Number.POSITIVE_INFINITY };
    const onHanded = (sink: Sink): void => {
      const generation = this.#stream.generationOf(sink);
      if (generation !== undefined) pending.handed(generation);
    };
    // Once the bytes are with the socket, how the writing ends says nothing that the answer, or the loss, does not.
    this.#send(message, encoded, options, onHanded).catch((error: unknown) => pending.fail(error));
    return pending.promise;
  }

  #send(
    message: unknown,
    encoded: Encoded,
    options: SendOptions,
    onHanded: ((sink: Sink) => void) | undefined,
  ): Promise<void> {
    const { limitMs, limit, signals } = this.#terms(options, this.#settings.sendTimeoutMs, "send");
    return this.#stream.outbox.send(message, encoded, {
      limitMs,
      limit,
      signals,
      setupFor: this.setupFor,
      onHanded,
    });
  }

  #terms<Limit extends string>(
    { signal, timeoutMs }: StreamWaitOptions,
    fallbackMs: number | undefined,
    limit: Limit,
  ): Terms<Limit> {
    const ownMs = timeoutMs ?? fallbackMs ?? Number.POSITIVE_INFINITY;
    const inherited = currentDeadline();
    if (inherited === undefined) {
      return { limitMs: ownMs, limit, signals: signal === undefined ? noSignals : [signal] };
    }
    const leftMs = inherited.remainingMs();
    const signals = signal === undefined ? inherited.signals : [signal, ...inherited.signals];
    return { limitMs: Math.min(ownMs, leftMs), limit: leftMs < ownMs ? "deadline" : limit, signals };
  }
}
