import type { StandardSchemaV1 } from "@standard-schema/spec";
import { listenToAbort, unlistenToAbort } from "../../core/abort-listeners.ts";
import type { Clock } from "../../core/clock.ts";
import { DeadlineList } from "../../core/deadline-list.ts";
import { ServiceConfigurationError, type ServiceTimeoutError } from "../../core/errors.ts";
import { isSchema, validate } from "../../core/schema.ts";
import { fitToKeep } from "../receive/kept-messages.ts";
import type { ConsumerName } from "../receive/lane.ts";
import { answeredId, fieldsOf, type JsonRpcRequest, jsonRpcRequest, readJsonRpcAnswer } from "./json-rpc.ts";
import {
  awaitedBy,
  type Filter,
  type PendingRequest,
  type RequestTerms,
  type Waiting,
  waitedInVain,
} from "./pending-request.ts";
import { answerLost, answerMismatch, callSettlement, type Settlement } from "./request-errors.ts";
import type { StreamName } from "../dial/socket-errors.ts";

/** All that wait. */
class Book<Message> {
  readonly deadlines: DeadlineList;
  /** All requests that have not settled, with or without an answer. */
  readonly requests = new Set<Waiting<Message>>();
  readonly watchers = new Set<Waiting<Message>>();
  readonly calls = new Map<number, Waiting<Message>>();
  /** What each connection owes an answer, in the order in which it was handed over. */
  readonly owed = new Map<number, Set<Waiting<Message>>>();

  constructor(clock: Clock) {
    this.deadlines = new DeadlineList(clock);
  }
}

/** What requests ask of the stream around them. */
export interface RequestsHost {
  /** Gets what a `match` threw; the message then counts as no answer. */
  onError(thrown: unknown, from: ConsumerName): void;
  /** For the words of a limit that passed. @defaultValue false */
  isReadingPaused?(): boolean;
}

interface QuietWaiter {
  readonly generation: number | undefined;
  readonly resolve: () => void;
}

const nobody: readonly never[] = [];

/**
 * Who waits for which message: requests, which take their answer from everybody else, and `once`, which takes it from
 * nobody. PROTOCOL.md, section 8, says what ends each of them. One timer serves them all.
 */
export class Requests<Message> {
  readonly #service: string;
  readonly #clock: Clock;
  readonly #host: RequestsHost;
  /** Made with the first that waits: most streams never have one, and every message would have to ask each list. */
  #book: Book<Message> | undefined;
  #quietWaiters: readonly QuietWaiter[] = nobody;
  #lastId = 0;

  constructor(service: string, clock: Clock, host: RequestsHost) {
    this.#service = service;
    this.#clock = clock;
    this.#host = host;
  }

  /** Requests that have not settled. */
  get size(): number {
    return this.#book?.requests.size ?? 0;
  }

  /**
   * Resolves to the next message that passes. A filter that throws rejects it, and disturbs nobody else.
   *
   * @throws the signal's reason; ServiceTimeoutError `timeout-answer | timeout-deadline`; ServiceConfigurationError
   */
  async once(filter: Filter<Message>, terms: RequestTerms): Promise<Message> {
    const { promise, entry, book } = this.#enter({ kind: "once", id: undefined, match: filter }, terms);
    book.watchers.add(entry);
    return (await promise) as Message;
  }

  /**
   * Registers a request, before its message is sent. Its answer is the first message that matches after the message
   * was handed over, on the same connection; where several requests match, the one that was handed over first has it.
   *
   * @throws the signal's reason, or ServiceTimeoutError, where it is over before it began; ServiceConfigurationError
   * for a match that is no function, or a schema that is none.
   */
  begin(match: Filter<Message>, terms: RequestTerms): PendingRequest<Message> {
    const { promise, entry, book } = this.#enter({ kind: "request", id: undefined, match }, terms);
    book.requests.add(entry);
    return this.#pending(entry, promise as Promise<Message>);
  }

  /**
   * The same for a JSON-RPC call, which resolves to its result. `message` is what is to be sent.
   *
   * @throws as `begin`, and ServiceConfigurationError where it is no call.
   */
  beginCall(call: unknown, terms: RequestTerms): PendingRequest<unknown> & { readonly message: JsonRpcRequest } {
    const id = this.#lastId + 1;
    const message = jsonRpcRequest(this.#service, call, id);
    const { promise, entry, book } = this.#enter({ kind: "call", id, match: undefined }, terms);
    this.#lastId = id;
    book.requests.add(entry);
    book.calls.set(id, entry);
    return { ...this.#pending(entry, promise), message };
  }

  /** Shows a message to those who wait. True where a request took it: then it is for nobody else. */
  offer(message: Message, generation: number): boolean {
    return this.#book !== undefined && this.#offer(this.#book, message, generation);
  }

  #offer(book: Book<Message>, message: Message, generation: number): boolean {
    const owed = book.owed.get(generation);
    if (owed !== undefined && (this.#answersCall(book, owed, message) || this.#answersRequest(owed, message))) {
      return true;
    }
    for (const entry of book.watchers) this.#show(entry, message);
    return false;
  }

  /** A connection is gone: what it still owed an answer may have taken effect. */
  lose(generation: number, cause: unknown): void {
    for (const entry of this.#book?.owed.get(generation) ?? []) {
      this.#settle(entry, { error: answerLost(this.#about(entry.terms), cause) });
    }
  }

  /**
   * The stream is over: nothing is left pending, and no timer.
   *
   * @param refusal - for those whose message was not handed over; the others may have taken effect. It is told the
   * operation, and what is waited for.
   */
  end(refusal: (operation: string, awaited: string) => unknown, cause?: unknown): void {
    const book = this.#book;
    if (book === undefined) return;
    for (const generation of book.owed.keys()) this.lose(generation, cause);
    for (const entry of [...book.requests, ...book.watchers]) {
      // The answer is there, only its schema takes its time.
      if (entry.place === "checking") entry.expire(this.#clock.now());
      else this.#settle(entry, { error: refusal(entry.terms.operation, awaitedBy(entry)) });
    }
    book.deadlines.clear();
  }

  /** Requests that this connection owes an answer. */
  pendingOn(generation: number): number {
    return this.#book?.owed.get(generation)?.size ?? 0;
  }

  /** Resolves when this connection owes no answer any more; without a generation, when every request has settled. */
  async quiet(generation?: number): Promise<void> {
    if (this.#isQuiet(generation)) return;
    await new Promise<void>((resolve) => {
      this.#quietWaiters = [...this.#quietWaiters, { generation, resolve }];
    });
  }

  #enter(
    awaited: Pick<Waiting<Message>, "kind" | "id" | "match">,
    terms: RequestTerms,
  ): { readonly promise: Promise<unknown>; readonly entry: Waiting<Message>; readonly book: Book<Message> } {
    this.#assertSound(awaited, terms);
    for (const signal of terms.signals) signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    // Its owner may have failed to send before it came to wait; then the rejection says nothing new.
    promise.catch(() => undefined);
    const entry: Waiting<Message> = {
      ...awaited,
      terms,
      place: "waiting",
      generation: undefined,
      withdrawal: new AbortController(),
      resolve,
      reject,
      onAbort: undefined,
      expiresAt: this.#clock.now() + terms.limitMs,
      previousEntry: undefined,
      nextEntry: undefined,
      expire: () => this.#settle(entry, { error: this.#inVain(entry) }),
    };
    if (terms.limitMs <= 0) throw this.#inVain(entry);
    const book = (this.#book ??= new Book(this.#clock));
    if (terms.limitMs !== Number.POSITIVE_INFINITY) book.deadlines.add(entry);
    if (terms.signals.length > 0) {
      entry.onAbort = () => this.#settle(entry, { error: terms.signals.find(({ aborted }) => aborted)?.reason });
      for (const signal of terms.signals) listenToAbort(signal, entry.onAbort);
    }
    return { promise, entry, book };
  }

  #assertSound({ kind, match }: Pick<Waiting<Message>, "kind" | "match">, { schema }: RequestTerms): void {
    const problems: string[] = [];
    if (kind !== "call" && typeof match !== "function") {
      problems.push(kind === "once" ? "once: filter must be a function" : "request: match must be a function");
    }
    if (schema !== undefined && !isSchema(schema)) {
      problems.push("request: schema must be a Standard Schema (zod, valibot, …)");
    }
    if (problems.length > 0) throw new ServiceConfigurationError(this.#service, problems);
  }

  #pending<Answer>(entry: Waiting<Message>, promise: Promise<Answer>): PendingRequest<Answer> {
    return {
      promise,
      withdrawn: entry.withdrawal.signal,
      handed: (generation) => this.#hand(entry, generation),
      fail: (error) => this.#settle(entry, { error }),
    };
  }

  #hand(entry: Waiting<Message>, generation: number): void {
    if (entry.place !== "waiting") return;
    entry.place = "handed";
    entry.generation = generation;
    const owed = this.#book?.owed.get(generation);
    if (owed === undefined) this.#book?.owed.set(generation, new Set([entry]));
    else owed.add(entry);
  }

  #answersCall(
    { calls }: Pick<Book<Message>, "calls">,
    owed: ReadonlySet<Waiting<Message>>,
    message: Message,
  ): boolean {
    if (calls.size === 0) return false;
    const fields = fieldsOf(message);
    const id = fields === undefined ? undefined : answeredId(fields);
    const entry = id === undefined ? undefined : calls.get(id);
    if (fields === undefined || entry === undefined || !owed.has(entry)) return false;
    const answer = readJsonRpcAnswer(fields);
    if (answer === undefined) return false;
    this.#answer(entry, callSettlement(this.#about(entry.terms), answer));
    return true;
  }

  #answersRequest(owed: ReadonlySet<Waiting<Message>>, message: Message): boolean {
    for (const entry of owed) {
      if (entry.match === undefined || !this.#guarded(entry.match, message)) continue;
      this.#answer(entry, { value: fitToKeep(message) });
      return true;
    }
    return false;
  }

  #guarded(match: Filter<Message>, message: Message): boolean {
    try {
      return match(message);
    } catch (thrown) {
      this.#host.onError(thrown, { consumer: "request" });
      return false;
    }
  }

  #show(entry: Waiting<Message>, message: Message): void {
    try {
      if (entry.match?.(message)) this.#settle(entry, { value: fitToKeep(message) });
    } catch (error) {
      this.#settle(entry, { error });
    }
  }

  #answer(entry: Waiting<Message>, settlement: Settlement): void {
    const { schema } = entry.terms;
    if (schema === undefined || "error" in settlement) {
      this.#settle(entry, settlement);
      return;
    }
    this.#disown(entry);
    entry.place = "checking";
    this.#check(entry, schema, settlement.value).then(
      (checked) => this.#settle(entry, checked),
      (error: unknown) => this.#settle(entry, { error }),
    );
  }

  async #check(entry: Waiting<Message>, schema: StandardSchemaV1, value: unknown): Promise<Settlement> {
    const validated = await validate(schema, value);
    if (validated.isValid) return { value: validated.value };
    return { error: answerMismatch(this.#about(entry.terms), validated.issues) };
  }

  #settle(entry: Waiting<Message>, settlement: Settlement): void {
    if (entry.place === "settled") return;
    const isUnsent = entry.place === "waiting";
    this.#disown(entry);
    entry.place = "settled";
    this.#book?.requests.delete(entry);
    this.#book?.watchers.delete(entry);
    this.#book?.deadlines.remove(entry);
    if (entry.onAbort !== undefined) {
      for (const signal of entry.terms.signals) unlistenToAbort(signal, entry.onAbort);
    }
    if ("error" in settlement) entry.reject(settlement.error);
    else entry.resolve(settlement.value);
    if (isUnsent) entry.withdrawal.abort();
    this.#tellQuiet();
  }

  /** No message is its answer from here on. */
  #disown(entry: Waiting<Message>): void {
    if (entry.id !== undefined) this.#book?.calls.delete(entry.id);
    if (entry.generation === undefined) return;
    const owed = this.#book?.owed.get(entry.generation);
    owed?.delete(entry);
    if (owed?.size === 0) this.#book?.owed.delete(entry.generation);
    this.#tellQuiet();
  }

  #isQuiet(generation: number | undefined): boolean {
    return generation === undefined ? this.size === 0 : this.pendingOn(generation) === 0;
  }

  #tellQuiet(): void {
    if (this.#quietWaiters.length === 0) return;
    const told = this.#quietWaiters.filter(({ generation }) => this.#isQuiet(generation));
    if (told.length === 0) return;
    this.#quietWaiters = this.#quietWaiters.filter(({ generation }) => !this.#isQuiet(generation));
    for (const { resolve } of told) resolve();
  }

  #inVain(entry: Waiting<Message>): ServiceTimeoutError {
    return waitedInVain(this.#service, entry, this.#host.isReadingPaused?.() ?? false);
  }

  #about({ operation }: RequestTerms): StreamName {
    return { service: this.#service, operation };
  }
}
