import { OutgoingLine, type Sink } from "./outgoing.ts";

// What may lie in the socket's own buffer, beyond our reach: as much as Node buffers before it asks for a pause.
const highWaterBytes = 64 * 1024;

/** One connection as the outbox knows it, from when it is prepared until it is lost. */
export class Way {
  readonly sink: Sink;
  /** What its `onConnect` sent, and it has not been handed yet. */
  readonly setup: OutgoingLine = new OutgoingLine();
  readonly handed: OutgoingLine = new OutgoingLine();
  /** How many `done` are outstanding. More than `handed` where limits have passed meanwhile. */
  unwritten = 0;
  isLost = false;

  constructor(sink: Sink) {
    this.sink = sink;
  }

  /** Whether it may be handed one more. */
  get isClear(): boolean {
    // Pongs and Close frames count too. Where they alone fill the socket, no `done` of ours would come to go on from.
    return this.sink.isWritable && (this.unwritten === 0 || this.sink.unsentBytes < highWaterBytes);
  }

  get isEmpty(): boolean {
    return this.setup.size + this.handed.size === 0;
  }
}
