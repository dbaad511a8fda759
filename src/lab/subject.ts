import type { Clock, Random } from "../core/clock.ts";
import type { Reply } from "./request.ts";

/**
 * Sends one request for a call that is under way, and tells of its reply, once. Returns what gives it up: then
 * nothing is told any more. What is lost on the way is never told of.
 */
export type Send = (onReply: (reply: Reply) => void) => () => void;

/** What a client is built with, once for each process and origin. */
export interface ClientParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly attemptTimeoutMs: number;
  readonly deadlineMs: number;
}

/** What a subject does for one client process. */
export interface Client {
  /** Makes one call: resolves where it succeeded, rejects where it failed. */
  call(send: Send): Promise<unknown>;
}

/** One way of calling a service, to be compared with others. */
export interface Subject {
  readonly id: string;
  /** How it is named in tables and charts. */
  readonly name: string;
  /** `hawser`, a part of it switched off (`ablation`), what others use (`peer`), or a yardstick (`baseline`). */
  readonly group: "hawser" | "ablation" | "peer" | "baseline";
  /** Its settings in words, and where they come from. */
  readonly about: string;
  client(parts: ClientParts): Client;
}
