import type { OutboxLimits } from "../../src/websocket/send/backlog.ts";
import type { UnsentMessage } from "../../src/websocket/send/outgoing.ts";

/** How a send ended; undefined while it has not. */
export type Ending =
  | "written"
  | "expired unsent"
  | "expired handed"
  | "aborted"
  | "broken"
  | "no connection"
  | "full"
  | "draining"
  | "over";

interface ModelSink {
  isWritable: boolean;
  isLost: boolean;
  /** Control frames fill it, and go on to. */
  isFlooded: boolean;
  /** What it was given and has not answered yet, oldest first. */
  readonly unwritten: ModelSend[];
}

export interface ModelSend {
  readonly id: number;
  readonly bytes: number;
  readonly expiresAt: number;
  readonly setupFor: number | undefined;
  place: "setup" | "waiting" | "queued" | "handed" | "refused";
  sink: number | undefined;
  ending: Ending | undefined;
}

const highWaterBytes = 64 * 1024;

/** What the outbox promises, said the slow and simple way: one list, looked through again after each event. */
export class OutboxModel {
  readonly #limits: OutboxLimits;
  readonly sends: ModelSend[] = [];
  /** `sink:id`, in the order in which they were handed over. */
  readonly handed: string[] = [];
  readonly sinks: ModelSink[] = [];
  #main: number | undefined;
  #isDraining = false;
  isDrained = false;

  constructor(limits: OutboxLimits) {
    this.#limits = limits;
  }

  in(place: ModelSend["place"]): ModelSend[] {
    return this.sends.filter((send) => send.place === place && send.ending === undefined);
  }

  get queuedMessages(): number {
    return this.in("waiting").length + this.in("queued").length + this.in("setup").length;
  }

  get queuedBytes(): number {
    return this.in("queued").reduce((sum, { bytes }) => sum + bytes, 0);
  }

  send(what: Pick<ModelSend, "bytes" | "expiresAt" | "setupFor">): void {
    const send: ModelSend = { id: this.sends.length, ...what, place: "waiting", sink: undefined, ending: undefined };
    this.sends.push(send);
    const { whenFull } = this.#limits;
    if (send.setupFor !== undefined) {
      send.place = "setup";
      if (this.sinks[send.setupFor]?.isLost !== false) send.ending = "no connection";
    } else if (this.#isDraining) send.ending = "draining";
    else if (whenFull === "reject" && !this.#hasRoomFor(send)) send.ending = "full";
    else if (whenFull === "dropOldest") {
      for (const oldest of this.in("queued")) if (!this.#hasRoomFor(send)) oldest.ending = "full";
      send.place = "queued";
    }
    this.#flow();
  }

  prepare(): void {
    this.sinks.push({ isWritable: true, isLost: false, isFlooded: false, unwritten: [] });
  }

  open(sink: number): void {
    this.#main = sink;
    this.#flow();
  }

  lose(sink: number): void {
    if (this.#main === sink) this.#main = undefined;
    const its = this.sinks[sink];
    if (its !== undefined) its.isLost = true;
    for (const send of this.in("handed")) if (send.sink === sink) send.ending = "broken";
    for (const send of this.in("setup")) if (send.setupFor === sink) send.ending = "no connection";
    this.#flow();
  }

  /** The sink has written the oldest, or could not. */
  answer(sink: number, isWritten: boolean): void {
    const send = this.sinks[sink]?.unwritten.shift();
    if (send !== undefined && send.ending === undefined) send.ending = isWritten ? "written" : "broken";
    this.#flow();
  }

  abort(id: number): void {
    const send = this.sends[id];
    if (send !== undefined && send.ending === undefined) send.ending = "aborted";
    this.#flow();
  }

  expire(until: number): void {
    const due = this.sends.filter(({ expiresAt }) => expiresAt <= until);
    for (const send of due.toSorted((a, b) => a.expiresAt - b.expiresAt || a.id - b.id)) {
      if (send.ending !== undefined) continue;
      send.ending = send.place === "handed" ? "expired handed" : "expired unsent";
      this.#flow();
    }
  }

  drain(): void {
    this.#isDraining = true;
    for (const send of this.in("waiting")) {
      send.place = "refused";
      send.ending = "draining";
    }
    this.#flow();
  }

  end(): UnsentMessage[] {
    const left = [
      ...this.sinks.flatMap((_, sink) => this.in("handed").filter((send) => send.sink === sink)),
      ...this.in("queued"),
      ...this.sends.filter(({ place }) => place === "refused"),
      ...this.in("waiting"),
    ].filter(({ setupFor }) => setupFor === undefined);
    const unsent = left.map(({ id, bytes, place }): UnsentMessage => {
      return { message: { id }, bytes, outcome: place === "handed" ? "unknown" : "not-sent" };
    });
    for (const send of this.sends) {
      send.ending ??= send.place === "handed" ? "broken" : "over";
      if (send.place === "refused") send.place = "waiting";
    }
    for (const sink of this.sinks) sink.isLost = true;
    this.#main = undefined;
    this.#isDraining = false;
    this.isDrained = false;
    return unsent;
  }

  #hasRoomFor({ bytes }: ModelSend): boolean {
    const { length } = this.in("queued");
    return length === 0 || (length < this.#limits.maxMessages && this.queuedBytes + bytes <= this.#limits.maxBytes);
  }

  #flow(): void {
    for (let hasMoved = true; hasMoved; ) {
      hasMoved = false;
      const [next] = this.in("waiting");
      if (next !== undefined && this.#hasRoomFor(next)) {
        next.place = "queued";
        hasMoved = true;
      }
      for (const [sink, its] of this.sinks.entries()) hasMoved = this.#handOne(sink, its) || hasMoved;
    }
    const rest = this.in("queued").length + this.in("setup").length + this.in("handed").length;
    if (this.#isDraining && rest === 0) this.isDrained = true;
  }

  #handOne(sink: number, { isWritable, isLost, isFlooded, unwritten }: ModelSink): boolean {
    const isFull = isFlooded || unwritten.reduce((sum, { bytes }) => sum + bytes, 0) >= highWaterBytes;
    if (!isWritable || isLost || (isFull && unwritten.length > 0)) return false;
    const [setup] = this.in("setup").filter(({ setupFor }) => setupFor === sink);
    const send = setup ?? (this.#main === sink ? this.in("queued")[0] : undefined);
    if (send === undefined) return false;
    send.place = "handed";
    send.sink = sink;
    unwritten.push(send);
    this.handed.push(`${sink}:${send.id}`);
    return true;
  }
}
