import type { SaidByHawser } from "../faults/said-by-hawser.ts";
import type { Behaviour } from "./behaviour.ts";

/** The kinds of failure that a client should be able to tell apart, whatever it calls them. */
export type FaultKind =
  | "timeout"
  | "connect"
  | "tls"
  | "reset"
  | "closed"
  | "protocol"
  | "too-large"
  | "status"
  | "own";

/** What a client is set up with, in milliseconds and bytes. A case names the ones that it is about. */
export interface Limits {
  readonly connectTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly sendTimeoutMs: number;
  /** `false`: the client does not look whether the far side lives. */
  readonly pingIntervalMs: number | false;
  readonly pingTimeoutMs: number;
  /** Upper bound of the first delay before a redial, or the delay itself. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  /** How long a connection has to be open before the delay starts anew. */
  readonly stableAfterMs: number;
  readonly maxPayloadBytes: number;
}

/** What the application on the client does. */
export interface Application {
  /**
   * Its handler of messages, on those that are not the healthy one: `hangs` does not end with one before the far side is
   * healed, `rejects` returns a promise that is rejected.
   *
   * @defaultValue "keeps"
   */
  readonly handler?: "keeps" | "throws" | "rejects" | "hangs";
  /** The subprotocols it offers. */
  readonly protocols?: readonly string[];
  /** It wants compression. @defaultValue as the client does by itself */
  readonly isCompressed?: boolean;
  /** What it sends: once it is open, or once its first connection is lost. */
  readonly sends?: { readonly when: "open" | "lost"; readonly messages: readonly string[] };
  /**
   * What issues its credentials, asked before each dial, a new one each time: the first time it rejects, or never
   * settles.
   */
  readonly provider?: "issues" | "rejects once" | "hangs once" | "hangs";
  /** Of how many failures it is told, before the far side is healed or it closes. @defaultValue 0 */
  readonly awaitsFailures?: number;
  /** How often it closes, once the far side has come as far as the case wants. @defaultValue 1 */
  readonly closes?: number;
}

/** What has to come of it. */
export interface Expectation {
  /**
   * `goes on`: the connection is as good as before. `comes back`: it is given up, and there is another once the far side
   * is healed. `either`: as the client likes, but it works in the end. `gives up`: it is told, and nothing is dialled any
   * more. `closes`: it is closed by the application meanwhile, and nothing is left.
   */
  readonly stream: "goes on" | "comes back" | "either" | "gives up" | "closes";
  /** The messages that have to reach the handler, in this order, each once. */
  readonly messages?: readonly string[] | (() => readonly string[]);
  /** Those at the end may be missing. @defaultValue false */
  readonly areMessagesOptional?: boolean;
  /** One of these has to be told. */
  readonly tells?: readonly FaultKind[];
  /** One of Hawser's errors has to say one of these. */
  readonly hawser?: readonly SaidByHawser[];
  /** What the far side has to be told in a Close frame, on the faulty connection. */
  readonly closeCode?: number;
  /** What becomes of what was sent. All but the last mean: in order, and each once at most. */
  readonly sends?: "come" | "come or are refused" | "come at most once" | "are settled";
}

/** One way in which the far side misbehaves, and what must become of a stream. */
export interface FaultCase {
  /** A rule, true of every client that is right. */
  readonly rule: string;
  readonly farSide: Behaviour;
  readonly limits?: Partial<Limits>;
  readonly application?: Application;
  /**
   * How often it may have been dialled, so many milliseconds after the far side had come as far as the case wants.
   *
   * @defaultValue once, where it gives up
   */
  readonly dials?: { readonly withinMs: number; readonly atMost: number; readonly atLeast?: number };
  /** How many bytes of its flood the far side may get rid of, before it is healed. */
  readonly maxFloodBytes?: number;
  readonly expect: Expectation;
}

const generous: Limits = {
  connectTimeoutMs: 5_000,
  closeTimeoutMs: 400,
  sendTimeoutMs: 5_000,
  pingIntervalMs: false,
  pingTimeoutMs: 5_000,
  baseDelayMs: 50,
  maxDelayMs: 400,
  stableAfterMs: 1_000,
  maxPayloadBytes: 8 * 1024 * 1024,
};

/** The limits of a case: what it does not name is far beyond its length. */
export function limitsOf({ limits = {} }: FaultCase): Limits {
  return { ...generous, ...limits };
}

/** The messages that have to reach the handler. */
export function messagesOf({ messages = [] }: Expectation): readonly string[] {
  return typeof messages === "function" ? messages() : messages;
}

type More = Omit<Expectation, "stream">;

export const goesOn = (more: More = {}): Expectation => ({ stream: "goes on", ...more });
export const either = (more: More = {}): Expectation => ({ stream: "either", ...more });
export const closes: Expectation = { stream: "closes" };

export const comesBack = (
  tells: FaultKind | readonly FaultKind[],
  hawser: SaidByHawser | readonly SaidByHawser[],
  more: More = {},
): Expectation => ({ stream: "comes back", tells: [tells].flat(), hawser: [hawser].flat(), ...more });

export const givesUp = (
  tells: FaultKind | readonly FaultKind[],
  hawser: SaidByHawser | readonly SaidByHawser[],
  more: More = {},
): Expectation => ({ stream: "gives up", tells: [tells].flat(), hawser: [hawser].flat(), ...more });
