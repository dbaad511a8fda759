import type { Keyed } from "../core/heap.ts";

/** What the client sees of a request. */
export type Reply =
  | { readonly kind: "answer"; readonly status: number; readonly retryAfterSeconds?: number }
  /** The connection was refused; nothing was sent. */
  | { readonly kind: "refused" }
  /** The connection broke while the request was under way. */
  | { readonly kind: "reset" };

/**
 * Work that a service has done for one request, in milliseconds at full speed. An object of its own, for it is looked
 * at when the request with all that hangs on it is long forgotten.
 */
export interface Work {
  doneMs: number;
}

/** One request as a modelled origin sees it. */
export class ServiceRequest implements Keyed {
  /** At full speed, in milliseconds. */
  readonly workMs: number;
  /** Sent to the client when the work is done. */
  readonly reply: Reply;
  /** How much later than that the answer arrives. */
  readonly stallMs: number;
  readonly order: number;
  readonly respond: (reply: Reply, stallMs: number) => void;
  readonly work: Work;
  /** Of the heap of a shared origin: when its work is done, on the scale of the work that each request has had. */
  key = 0;
  state: "new" | "waiting" | "running" | "over" = "new";

  constructor(parts: {
    readonly workMs: number;
    readonly reply: Reply;
    readonly stallMs: number;
    readonly order: number;
    readonly work: Work;
    readonly respond: (reply: Reply, stallMs: number) => void;
  }) {
    this.workMs = parts.workMs;
    this.work = parts.work;
    this.reply = parts.reply;
    this.stallMs = parts.stallMs;
    this.order = parts.order;
    this.respond = parts.respond;
  }
}

/** One instance of a modelled service: takes requests and works on them, at a speed that can be changed. */
export interface Origin {
  take(request: ServiceRequest): void;
  /** Stops working for a request whose client has gone. */
  drop(request: ServiceRequest): void;
  /** 1 is the speed of a service that is well. */
  setSpeed(factor: number): void;
  /** Forgets all requests under way, and returns them. */
  lose(): readonly ServiceRequest[];
}

/** What an origin answers that has no place left. */
export const unavailable: Reply = { kind: "answer", status: 503 };
