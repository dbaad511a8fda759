import type { RequestOptions } from "node:http";
import type { TlsOptions } from "../../core/tls.ts";
import type { DialStage } from "../connection/connection-model.ts";

/**
 * Makes the connection that the upgrade request goes over; for `wss:` it does TLS too, `servername` included.
 * `options.path` is that of the request: for `net.connect` it would be a Unix socket, so it must not be passed on.
 */
export type CreateConnection = NonNullable<RequestOptions["createConnection"]>;

/** Where to dial, and how. */
export interface SocketTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly protocols: readonly string[];
  /** Of a message, inflated where it came compressed; 1 to 2^31 - 1. */
  readonly maxPayloadBytes: number;
  /** After a Close frame or the end of the peer's stream: how long the TCP connection may last, in milliseconds. */
  readonly closeTimeoutMs: number;
  readonly tls: TlsOptions;
  /** permessage-deflate (RFC 7692), offered to the peer; what is smaller than the threshold goes out as it is. @defaultValue false */
  readonly compression?: false | { readonly thresholdBytes: number } | undefined;
  /** @defaultValue TCP, and TLS for `wss:`, straight to the host of the URL. */
  readonly createConnection?: CreateConnection | undefined;
}

/** How a socket came to its end. */
export type SocketEnd =
  /** The answer to the upgrade request was not 101. */
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly headers: Readonly<Record<string, string | readonly string[]>>;
      readonly body: string;
    }
  /** No connection came about, or the peer broke the protocol on one. */
  | { readonly kind: "failed"; readonly error: Error; readonly wasOpen: boolean }
  /** It was open, and is closed; 1006 without a Close frame, 1005 with one that has no code. */
  | { readonly kind: "closed"; readonly code: number; readonly reason: string; readonly error: Error | undefined };

/** What was agreed in the handshake. */
export interface OpenInfo {
  /** The subprotocol that the peer chose; empty where none was offered. */
  readonly protocol: string;
}

/** Told what a socket does, until it has ended or is destroyed. None of these may throw: ws would parse no further. */
export interface SocketListener {
  stage(stage: DialStage): void;
  opened(info: OpenInfo): void;
  /** `bytes` of its payload, inflated. A binary message may be a view into a larger buffer. */
  message(data: string | Uint8Array, bytes: number): void;
  pong(payload: string): void;
  /** The last that is told. */
  ended(end: SocketEnd): void;
}

/**
 * One WebSocket connection, whatever carries it. It dials when it is made, answers pings by itself, and tells its
 * listener nothing before whoever made it has it in hand.
 */
export interface StreamSocket {
  /** False before it is open, and once either side has begun to close. */
  readonly isWritable: boolean;
  /** Handed over and not yet given to the kernel. */
  readonly unsentBytes: number;
  /** When the last byte came, on the clock's scale. */
  readonly lastByteAt: number;
  /** `bytes`: of the data, where it is known. `done` is called once, later, when the bytes are with the kernel, or with the error. What is sent in one turn of the event loop goes there together. */
  send(data: string | Uint8Array, done: (error?: Error) => void, bytes?: number): void;
  ping(payload: string): void;
  /** No message is told from now on until {@link StreamSocket.resume}, or the end of the connection. */
  pause(): void;
  /** Never tells before it returns. First comes what had come in already; a pause meanwhile holds the rest again. */
  resume(): void;
  /**
   * Tells what had come in, sends a Close frame, and `ended` follows when the peer has answered. Before it is open, it
   * ends the dial.
   *
   * @defaultValue `code` 1000, `reason` empty
   * @throws TypeError for a code that may not be sent (RFC 6455, section 7.4.1); RangeError for a reason above 123 bytes.
   */
  close(code?: number, reason?: string): void;
  /** Gives it up at once. Nothing is told any more. */
  destroy(): void;
}
