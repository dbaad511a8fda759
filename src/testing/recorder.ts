import type { Dispatcher } from "undici";
import { codingsOf, decodeWhole } from "../rest/decode.ts";
import type { AnswerHeaders } from "../rest/answer.ts";
import type { MockFault } from "./faults.ts";

/** How an exchange with the real service went. */
export type ExchangeEnd =
  | {
      readonly kind: "answer";
      readonly head: Head;
      readonly body: Uint8Array;
      readonly end: "whole" | "left" | "reset" | "close";
    }
  | { readonly kind: "fault"; readonly fault: MockFault };

interface Head {
  readonly status: number;
  readonly headers: AnswerHeaders;
}

/** Hands on what undici tells of an exchange, and keeps it. */
export class RecordingHandler implements Dispatcher.DispatchHandler {
  readonly #to: Dispatcher.DispatchHandler;
  readonly #done: (end: ExchangeEnd) => void;
  readonly #pieces: Uint8Array[] = [];
  #head: Head | undefined;
  #isSent = false;

  constructor(to: Dispatcher.DispatchHandler, done: (end: ExchangeEnd) => void) {
    this.#to = to;
    this.#done = done;
  }

  onRequestStart(controller: Dispatcher.DispatchController, context: unknown): void {
    this.#isSent = true;
    this.#to.onRequestStart?.(controller, context);
  }

  onRequestSent(): void {
    (this.#to as { onRequestSent?(): void }).onRequestSent?.();
  }

  onResponseStarted(): void {
    (this.#to as { onResponseStarted?(): void }).onResponseStarted?.();
  }

  onRequestUpgrade(...told: Parameters<NonNullable<Dispatcher.DispatchHandler["onRequestUpgrade"]>>): void {
    this.#to.onRequestUpgrade?.(...told);
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: AnswerHeaders,
    statusMessage?: string,
  ): void {
    if (status >= 200) this.#head = { status, headers };
    this.#to.onResponseStart?.(controller, status, headers as never, statusMessage);
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Buffer): void {
    // A copy: whoever gets the piece may do with it as they like.
    this.#pieces.push(Uint8Array.from(piece));
    this.#to.onResponseData?.(controller, piece);
  }

  onResponseEnd(controller: Dispatcher.DispatchController, trailers: never): void {
    this.#finish("whole");
    this.#to.onResponseEnd?.(controller, trailers);
  }

  onResponseError(controller: Dispatcher.DispatchController, error: Error): void {
    const isLeft = (controller as Dispatcher.DispatchController | undefined)?.aborted === true;
    if (this.#head !== undefined) this.#finish(isLeft ? "left" : codeOf(error) === "ECONNRESET" ? "reset" : "close");
    else this.#done({ kind: "fault", fault: isLeft ? "hang" : faultOf(error, this.#isSent) });
    this.#to.onResponseError?.(controller, error);
  }

  #finish(end: "whole" | "left" | "reset" | "close"): void {
    if (this.#head === undefined) return;
    this.#done({ kind: "answer", head: this.#head, body: Buffer.concat(this.#pieces), end });
  }
}

/** The fault that makes the same of a call as this error did. */
export function faultOf(error: Error, isSent: boolean): MockFault {
  const code = codeOf(error);
  if (error.name === "HTTPParserError") return "malformed";
  if (isSent) return code === "ECONNRESET" ? "reset" : "closed";
  if (code === "UND_ERR_CONNECT_TIMEOUT") return "connect-timeout";
  if (/^(?:ENOTFOUND|EAI_)/.test(code)) return "dns";
  return /^(?:CERT_|ERR_TLS_|ERR_SSL_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|EPROTO)/.test(code) ? "tls" : "refused";
}

function codeOf(error: Error): string {
  const { code } = error as { readonly code?: unknown };
  if (typeof code === "string") return code;
  return error instanceof AggregateError && error.errors[0] instanceof Error ? codeOf(error.errors[0]) : "";
}

// More than this is no test's body.
const maxBytes = 256 * 1024 * 1024;

/**
 * The body as it is recorded: decoded, for what is encoded can neither be read nor searched for secrets. A part of an
 * encoded body is left out.
 */
export async function plainBody(head: Head, body: Uint8Array, isWhole: boolean): Promise<Uint8Array> {
  const codings = codingsOf(head.headers);
  if (codings === undefined) return body;
  if (!isWhole || "problem" in codings) return new Uint8Array();
  const decoded = await decodeWhole(body, codings, maxBytes);
  return decoded.kind === "decoded" ? decoded.bytes : new Uint8Array();
}
