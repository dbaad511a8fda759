import type { Limits } from "../fault-case.ts";

/** What every client of a case is set up with. */
export interface ClientSettings {
  readonly url: string;
  readonly limits: Limits;
  /** Of the far side's certificate, where it speaks TLS. */
  readonly ca: string | undefined;
  /** Sent with every request: the credential, and a header of the application's own. */
  readonly headers: Readonly<Record<string, string>>;
}

/** One call, in terms that every client has. */
export interface WireCall {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: WireBody;
  readonly reads: "text" | "json";
  /** Where the caller may give up. Some clients drop a limit of theirs when there is one. */
  readonly signal: AbortSignal | undefined;
  /** A good call: the short limits of the case are not about it. */
  readonly isPatient: boolean;
}

export type WireBody =
  | { readonly kind: "none" }
  | { readonly kind: "bytes"; readonly type: string; readonly bytes: Buffer }
  | { readonly kind: "one-shot"; readonly stream: AsyncGenerator<Uint8Array> }
  | { readonly kind: "factory"; readonly stream: () => AsyncGenerator<Uint8Array> };

/** What came of a call that succeeded; JSON as text again. */
export interface WireAnswer {
  readonly status: number;
  readonly body: string;
}

/** A client that is ready for calls. */
export interface Client {
  /** Rejects with whatever the client rejects with. */
  call(call: WireCall): Promise<WireAnswer>;
  close(): Promise<void>;
}

/** A client library, as the corpus runs it. */
export interface Peer {
  readonly name: string;
  /** How it was set up, for the reader of the table. */
  readonly setUp: string;
  open(settings: ClientSettings): Promise<Client>;
}

/** The URL of a call with its query, for the clients that take it whole. */
export function urlOf(base: string, { path, query }: WireCall): string {
  return `${base}${path}?${new URLSearchParams(query).toString()}`;
}

/** Long enough for any good call, on any machine. */
export const patienceMs = 8_000;

/** The limits of one call, for the clients that take them with it. An attempt has no longer than the call. */
export function callLimits(
  { limits: { deadlineMs, attemptTimeoutMs } }: ClientSettings,
  { isPatient }: WireCall,
): { deadlineMs: number; attemptTimeoutMs: number } {
  if (isPatient) return { deadlineMs: patienceMs, attemptTimeoutMs: patienceMs };
  return { deadlineMs, attemptTimeoutMs: Math.min(attemptTimeoutMs, deadlineMs) };
}

/** The caller's signal and the deadline as one. */
export function signalWithin({ signal }: WireCall, deadlineMs: number): AbortSignal {
  const deadline = AbortSignal.timeout(deadlineMs);
  return signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
}

/** The body for a client that takes streams as they are and knows no factories: each call makes one, once. */
export function plainBody(body: WireBody): Buffer | AsyncGenerator<Uint8Array> | undefined {
  switch (body.kind) {
    case "none":
      return undefined;
    case "bytes":
      return body.bytes;
    case "one-shot":
      return body.stream;
    case "factory":
      return body.stream();
  }
}

/** The call's own headers, with the type of its body. */
export function headersOf({ headers, body }: WireCall): Record<string, string> {
  const type = body.kind === "bytes" ? body.type : "application/octet-stream";
  return body.kind === "none" ? { ...headers } : { ...headers, "content-type": type };
}
