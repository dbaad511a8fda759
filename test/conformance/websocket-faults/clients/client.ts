import type { Limits } from "../fault-case.ts";

/** What every client of a case is set up with. */
export interface ClientSettings {
  readonly url: string;
  /** Sent with every upgrade request, in the query. */
  readonly token: string;
  /** Of the far side's certificate, where it speaks TLS. */
  readonly ca: string | undefined;
  readonly limits: Limits;
  readonly protocols: readonly string[];
  readonly isCompressed: boolean;
  /** Asked before each dial, where the case has one; what it resolves to is sent as a second parameter of the query. */
  readonly provider: (() => Promise<string>) | undefined;
  readonly hears: Hears;
}

/** What the application hears of its stream. */
export interface Hears {
  /** A connection is open; the application may send. */
  opened(): void;
  /** Gets text as it is, and bytes in hexadecimal. What it throws or returns goes to the client, as in any application. */
  message(message: string): void | Promise<void>;
  /** A connection that was open is gone. */
  lost(): void;
  /** Whatever the client tells of a failure: an error, or what a close event says. */
  told(report: unknown): void;
}

/** What a close event says. */
export interface Closure {
  readonly closeCode: number;
  readonly closeReason: string;
}

/** A client that was set going. */
export interface Client {
  /** Undefined where the client does not tell what became of it. */
  send(message: string): Promise<void> | undefined;
  close(): Promise<void>;
}

/** A client library, as the corpus runs it. */
export interface Peer {
  readonly name: string;
  /** How it was set up, for the reader of the table. */
  readonly setUp: string;
  /** False where a client has no place for a promise in what it dials. */
  readonly hasProvider: boolean;
  /** Begins to dial, and does not wait. */
  open(settings: ClientSettings): Client;
}

/** Where to dial; the credential of this dial goes into the query. */
export function urlOf({ url, token }: ClientSettings, credential?: string): string {
  return `${url}/feed?token=${token}${credential === undefined ? "" : `&credential=${credential}`}`;
}

/** What `ws` and its imitations hand out, for the handler: text as it is, bytes in hexadecimal. */
export function messageOf(data: unknown, isBinary = typeof data !== "string"): string {
  if (typeof data === "string") return data;
  const bytes = bytesOf(data);
  return bytes.toString(isBinary ? "hex" : "utf8");
}

function bytesOf(data: unknown): Buffer {
  if (Buffer.isBuffer(data)) return data;
  if (data instanceof Uint8Array || data instanceof ArrayBuffer) return Buffer.from(data as Uint8Array);
  throw new TypeError("a message of a kind that nobody asked for");
}
