import type { Census } from "./census.ts";
import type { Account } from "./ledger.ts";

/** What was seen at one moment. */
export interface Seen {
  /** Since the beginning. */
  readonly atMs: number;
  /** Of the heap, in use after a forced collection; see heap.ts. */
  readonly objectBytes: number;
  readonly codeBytes: number;
  readonly rssBytes: number;
}

/** Everything that the verdict is made of; what the process under test tells at its end. */
export interface Evidence {
  /** What was warm-up, of the whole; what comes after it counts. */
  readonly warmUpMs: number;
  readonly seen: readonly Seen[];
  readonly accounts: Readonly<Record<string, Account>>;
  /** Kinds of calls that had not ended long after they should have. */
  readonly hung: readonly string[];
  readonly worstDelayMs: number;
  /** What ended in no error of the library, nor with the caller's own reason. */
  readonly unexpected: readonly string[];
  /** With nothing under way, after the warm-up and at the end. */
  readonly afterWarmUp: Census;
  readonly atEnd: Census;
  /** Before anything of the library was made, and after it was stopped. */
  readonly before: Census;
  readonly left: Census;
  /** Of the one signal that calls were given all the time. */
  readonly signalListeners: number;
  /** In the folder of the downloads. */
  readonly filesLeft: readonly string[];
  readonly reloads: number;
  readonly reconnects: number;
  /** Of the whole process, from the end of the warm-up on. */
  readonly cpuUs: number;
  readonly measuredMs: number;
  readonly operations: number;
}
