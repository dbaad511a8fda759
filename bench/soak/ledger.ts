/** How something that was begun came to its end. */
export type Ending = "succeeded" | "failed" | "aborted" | "unexpected";

/** What became of all that was begun of one kind. */
export interface Account extends Readonly<Record<Ending, number>> {
  readonly started: number;
  /** Not ended yet. */
  readonly open: number;
}

/** Something that is under way. */
export interface Entry {
  readonly kind: string;
  /** By then it must have ended, in milliseconds of the clock that `start` was given. */
  readonly dueAt: number;
}

/** Every call and everything else that is begun is written down here, and how it ends. Knows no clock. */
export class Ledger {
  readonly #open = new Set<Entry>();
  readonly #accounts = new Map<string, Record<keyof Account, number>>();
  /** The most that anything took longer than it may, in milliseconds. */
  worstDelayMs = 0;

  get openCount(): number {
    return this.#open.size;
  }

  start(kind: string, limitMs: number, now: number): Entry {
    const entry = { kind, dueAt: now + limitMs };
    this.#open.add(entry);
    const account = this.#accountOf(kind);
    account.started += 1;
    account.open += 1;
    return entry;
  }

  /** @throws RangeError for something that has ended already. */
  end(entry: Entry, ending: Ending, now: number): void {
    if (!this.#open.delete(entry)) throw new RangeError(`${entry.kind} ended twice`);
    const account = this.#accountOf(entry.kind);
    account.open -= 1;
    account[ending] += 1;
    this.worstDelayMs = Math.max(this.worstDelayMs, now - entry.dueAt);
  }

  /** The kinds of what should have ended at least `graceMs` ago. */
  overdue(now: number, graceMs: number): readonly string[] {
    return [...this.#open].filter(({ dueAt }) => now - dueAt >= graceMs).map(({ kind }) => kind);
  }

  accounts(): Readonly<Record<string, Account>> {
    return Object.fromEntries([...this.#accounts].map(([kind, account]) => [kind, { ...account }]));
  }

  #accountOf(kind: string): Record<keyof Account, number> {
    const known = this.#accounts.get(kind);
    if (known !== undefined) return known;
    const account = { started: 0, open: 0, succeeded: 0, failed: 0, aborted: 0, unexpected: 0 };
    this.#accounts.set(kind, account);
    return account;
  }
}
