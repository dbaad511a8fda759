import type { Clock, Random } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import { keepOpening } from "./late.ts";
import type { Member } from "./member.ts";
import { closeAll, inOrder } from "./sequence.ts";
import { untilAborted } from "./until-aborted.ts";

/** What a run needs beside its members. */
export interface RunParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** For the roll-back of a start that fails. */
  readonly stopTimeoutMs: number;
  /** Tries each member once, also a late one, and goes on without one that fails. @defaultValue false */
  readonly isTrial?: boolean;
  readonly onUp?: (name: string) => void;
}

/** The members of a registry between one start and its stop. */
export class Run {
  readonly members: ReadonlyMap<string, Member>;
  readonly #parts: RunParts;
  readonly #end = new AbortController();
  /** By name: fulfilled when it is up, rejected where that will not come about. */
  readonly #opening = new Map<string, Promise<void>>();
  /** Those that were begun, and must be closed. */
  readonly #begun = new Set<Member>();
  readonly #up = new Set<string>();
  readonly #openErrors = new Map<string, unknown>();

  constructor(members: ReadonlyMap<string, Member>, parts: RunParts) {
    this.members = members;
    this.#parts = parts;
  }

  isUp(name: string): boolean {
    return this.#up.has(name);
  }

  /** Why the last attempt at a member that is not up failed; undefined where none has. */
  openError(name: string): unknown {
    return this.#openErrors.get(name);
  }

  /**
   * Opens each member as soon as those that it needs are up, and so independent ones at the same time, begun in the
   * order in which they stand. Late ones are not waited for. When one fails, or the signal aborts, all are given up and
   * closed, the last one first; what was thrown first is thrown, and what closing throws then is logged.
   *
   * @throws What the member threw; the signal's reason.
   */
  async start(signal: AbortSignal): Promise<void> {
    const giveUp = (): void => this.#end.abort(signal.reason);
    if (signal.aborted) giveUp();
    else signal.addEventListener("abort", giveUp, { once: true });
    try {
      await Promise.all(inOrder(this.members.values()).map((member) => this.#begin(member)));
      signal.throwIfAborted();
    } catch (error) {
      this.#end.abort(error);
      const { logger, stopTimeoutMs } = this.#parts;
      await this.#close(stopTimeoutMs).catch((err: unknown) => logger.warn({ err }, "roll-back of the start"));
      throw error;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  /**
   * Closes the members in reverse, those that need others before them.
   *
   * @param reason - what whoever waits for a late one is told.
   * @throws ServiceStopError where some could not be closed, after all were tried.
   */
  async stop(reason: unknown, timeoutMs: number): Promise<void> {
    this.#end.abort(reason);
    await this.#close(timeoutMs);
  }

  /** Waits until a member is up. @throws The signal's reason; that of the stop, or what the start failed with. */
  async untilUp(name: string, signal: AbortSignal | undefined): Promise<void> {
    await untilAborted(this.#opening.get(name) ?? Promise.resolve(), signal);
  }

  /** Resolves when the start need not wait for it any longer. */
  async #begin(member: Member): Promise<void> {
    const opening = this.#open(member);
    this.#opening.set(member.name, opening);
    if (this.#parts.isTrial === true) await opening.catch((error: unknown) => this.#openErrors.set(member.name, error));
    // Whoever waits for a late one hears of it; that nobody does is nobody's error.
    else if (member.isLate) opening.catch(() => undefined);
    else await opening;
  }

  async #open(member: Member): Promise<void> {
    const { signal } = this.#end;
    if (member.needs.length > 0) await Promise.all(member.needs.flatMap((need) => this.#opening.get(need) ?? []));
    signal.throwIfAborted();
    this.#begun.add(member);
    if (member.isLate && this.#parts.isTrial !== true) {
      const onFailed = (name: string, error: unknown): void => void this.#openErrors.set(name, error);
      await keepOpening(member, { ...this.#parts, signal, onFailed });
    } else await member.open(signal);
    signal.throwIfAborted();
    this.#up.add(member.name);
    this.#openErrors.delete(member.name);
    if (member.isLate) this.#parts.logger.info({ service: member.name }, "late service connected");
    this.#parts.onUp?.(member.name);
  }

  async #close(timeoutMs: number): Promise<void> {
    this.#up.clear();
    await closeAll(this.#begun, { clock: this.#parts.clock, timeoutMs });
  }
}
