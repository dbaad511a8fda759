import { listenToAbort, unlistenToAbort } from "../core/abort-listeners.ts";
import { BaseExternalService } from "../core/external-service.ts";
import type { AnyDefinition } from "./definition.ts";
import { connect, type Member } from "./member.ts";
import { untilAborted } from "./until-aborted.ts";

/** What a custom member is made with beside its definition. */
export interface CustomParts {
  readonly name: string;
  readonly needs: readonly string[];
  /** What `create` is given, but for the signal. */
  readonly context: Readonly<Record<string, unknown>>;
  /** What it needs, by position; asked when it is made. */
  readonly needed: () => readonly unknown[];
}

interface Made {
  readonly service: unknown;
}

/** A member that `service()` defined: made when it is opened, of what it needs. */
export class CustomMember implements Member {
  readonly name: string;
  readonly needs: readonly string[];
  readonly isLate: boolean;
  readonly #definition: AnyDefinition<unknown>;
  readonly #parts: CustomParts;
  /** Of the last opening, which closing has to wait for: nobody else could end what it is about to make. */
  #making: Promise<Made> | undefined;
  #made: Made | undefined;
  #closing: Promise<void> | undefined;

  constructor(definition: AnyDefinition<unknown>, parts: CustomParts) {
    this.#definition = definition;
    this.#parts = parts;
    this.name = parts.name;
    this.needs = parts.needs;
    this.isLate = definition.isLate;
  }

  get service(): unknown {
    return this.#made?.service;
  }

  async open(signal: AbortSignal): Promise<void> {
    // Of this opening alone: there are libraries that tie the life of a connection to the signal it was opened with.
    const giveUp = new AbortController();
    const onAbort = (): void => giveUp.abort(signal.reason);
    listenToAbort(signal, onAbort);
    try {
      this.#making = this.#make(giveUp.signal);
      this.#made = await untilAborted(this.#making, signal);
    } finally {
      unlistenToAbort(signal, onAbort);
    }
  }

  async close(): Promise<void> {
    await (this.#closing ??= this.#close());
  }

  async #make(signal: AbortSignal): Promise<Made> {
    const { context, needed } = this.#parts;
    const service = await this.#definition.create({ ...context, signal }, needed());
    if (!(service instanceof BaseExternalService) || service.lifecycle === "ready") return { service };
    try {
      await connect(service, signal);
    } catch (error) {
      await this.#dispose(service).catch(() => undefined);
      throw error;
    }
    return { service };
  }

  async #close(): Promise<void> {
    const made = await this.#making?.catch(() => undefined);
    if (made !== undefined) await this.#dispose(made.service);
  }

  async #dispose(service: unknown): Promise<void> {
    const { dispose } = this.#definition;
    if (dispose !== undefined) await dispose(service);
    else await disposeOwn(service);
  }
}

async function disposeOwn(service: unknown): Promise<void> {
  if ((typeof service !== "object" && typeof service !== "function") || service === null) return;
  const own = service as Partial<AsyncDisposable & Disposable>;
  if (own[Symbol.asyncDispose] !== undefined) await own[Symbol.asyncDispose]?.();
  else own[Symbol.dispose]?.();
}
