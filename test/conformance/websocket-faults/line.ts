import type { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { acceptOf } from "../../support/websocket-accept.ts";
import type { Behaviour } from "./behaviour.ts";
import { type ClientFrame, close, FrameReader, op, pong } from "./frames.ts";

/** What a line tells the far side that it belongs to, and asks of it. */
export interface LineOwner {
  reach(): void;
  /** Something that goes on beside; the case is over only when it is done. */
  also(work: Promise<void>): void;
  goDown(): void;
  /** So many bytes of a flood were taken by the kernel; no more come where it is over. */
  flooded(bytes: number, isOver: boolean): void;
  message(text: string): void;
  closed(line: Line): void;
  /** A line that does as it should has opened. */
  opened(line: Line): void;
}

const good: Behaviour = {};

/** One connection as the far side sees it: the raw socket, the upgrade request and the frames that came. */
export class Line {
  readonly socket: Socket;
  /** 1 for the first. */
  readonly number: number;
  /** Everything that came before the first frame. */
  head = "";
  isOpen = false;
  /** What a case wants to remember of it. */
  readonly notes: string[] = [];
  /** Codes of the Close frames that came; 1005 for one without. */
  readonly closeCodes: number[] = [];
  /** Frames that no client may send. */
  readonly badFrames: string[] = [];
  readonly #owner: LineOwner;
  #behaviour: Behaviour;
  #parts: Buffer[] = [];
  readonly #frames = new FrameReader((frame) => this.#take(frame));

  constructor(socket: Socket, number: number, behaviour: Behaviour, owner: LineOwner) {
    this.socket = socket;
    this.number = number;
    this.#behaviour = behaviour;
    this.#owner = owner;
    socket.setNoDelay(true);
    // After an error a socket is as good as closed; a reset that the kernel refuses has no `close` (net.js, _destroy).
    socket.on("error", () => owner.closed(this)).once("close", () => owner.closed(this));
  }

  /** Whoever takes the connection over has done so. */
  isTakenOver(): boolean {
    return this.#behaviour.onConnection?.(this) === true;
  }

  /** Reads the upgrade request, and what follows. */
  read(): void {
    this.socket.on("data", (chunk: Buffer) => this.#read(chunk));
  }

  /** From now on it does as a good server would. */
  mend(): void {
    this.#behaviour = good;
    if (this.isOpen) this.#owner.opened(this);
  }

  reach(): void {
    this.#owner.reach();
  }

  also(work: Promise<void>): void {
    this.#owner.also(work);
  }

  /** The whole far side breaks every connection, and takes none until it is healed. */
  goDown(): void {
    this.#owner.goDown();
  }

  /** Bytes as they are; text with CRLF for every line end. */
  write(bytes: string | Buffer): void {
    if (!this.socket.writable) return;
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes.replaceAll("\n", "\r\n"), "latin1") : bytes);
  }

  /** Piece by piece, with `everyMs` between two of them; resolves after the last, or with the connection. */
  async drip(pieces: Iterable<Buffer>, everyMs: number): Promise<void> {
    const rest = pieces[Symbol.iterator]();
    await new Promise<void>((done) => {
      const end = (): void => {
        clearInterval(timer);
        done();
      };
      const timer = setInterval(() => {
        const { value, done: isOver } = rest.next();
        if (isOver === true) end();
        else this.write(value);
      }, everyMs);
      this.socket.once("close", end);
    });
  }

  /** Does this so much later, if the connection is still there. */
  after(ms: number, act: () => void): void {
    this.#owner.also(
      new Promise<void>((done) => {
        setTimeout(() => {
          if (!this.socket.destroyed) act();
          done();
        }, ms);
      }),
    );
  }

  /** One piece after the other, as fast as they are taken. */
  flood(pieces: Iterable<Buffer>): void {
    const rest = pieces[Symbol.iterator]();
    const next = (): void => {
      const { value, done } = rest.next();
      if (done === true || !this.socket.writable) return this.#owner.flooded(0, true);
      this.socket.write(value, (error) => {
        if (error != null) return this.#owner.flooded(0, true);
        this.#owner.flooded(value.length, false);
        next();
      });
    };
    next();
  }

  /** The answer to the upgrade request; bytes in `rest` go out in the same segment. */
  acceptance({ changes = {}, status = "HTTP/1.1 101 Switching Protocols" }: Acceptance = {}): Buffer {
    const fields: Record<string, string | undefined> = {
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-WebSocket-Accept": acceptOf(keyOf(this.head)),
      "Sec-WebSocket-Protocol": /^sec-websocket-protocol: *([^,\s]+)/im.exec(this.head)?.[1],
      ...changes,
    };
    const lines = Object.entries(fields).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
    return Buffer.from(`${[status, ...lines].join("\r\n")}\r\n\r\n`, "latin1");
  }

  accept({ rest, ...answer }: Acceptance & { readonly rest?: Buffer } = {}): void {
    const bytes = this.acceptance(answer);
    this.write(rest === undefined ? bytes : Buffer.concat([bytes, rest]));
    this.open();
  }

  /** What comes from here on are frames. */
  open(): void {
    this.isOpen = true;
    this.#behaviour.onOpen?.(this);
    if (this.#behaviour === good) this.#owner.opened(this);
  }

  reset(): void {
    // What has been ended cannot be reset any more, and would stay.
    if (this.socket.writableEnded) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  /** A reset overtakes bytes that the other end has not read yet; it comes when they were. */
  resetSoon(): void {
    this.#owner.also(this.#resetSoon());
  }

  async #resetSoon(): Promise<void> {
    for (let turns = 0; turns < 10; turns++) await turn();
    this.reset();
  }

  #read(chunk: Buffer): void {
    if (this.isOpen) {
      this.#frames.push(chunk);
      return;
    }
    const before = this.head.length;
    this.head += chunk.toString("latin1");
    const end = this.head.indexOf("\r\n\r\n");
    if (end === -1 || before > end + 4) return;
    if (this.#behaviour.onUpgrade === undefined) this.accept();
    else this.#behaviour.onUpgrade(this);
  }

  #take(frame: ClientFrame): void {
    this.#check(frame);
    if (frame.opcode === op.close) {
      this.closeCodes.push(frame.payload.length < 2 ? 1005 : frame.payload.readUInt16BE(0));
    }
    if (this.#behaviour.onFrame?.(this, frame) === true) return;
    switch (frame.opcode) {
      case op.ping:
        return this.write(pong(frame.payload));
      case op.close:
        this.write(close(frame.payload.length < 2 ? undefined : frame.payload.readUInt16BE(0)));
        return void this.socket.end();
      case op.pong:
        return;
      default:
        this.#parts.push(frame.payload);
        if (frame.fin) this.#owner.message(Buffer.concat(this.#parts.splice(0)).toString());
    }
  }

  /** RFC 6455, sections 5.1 to 5.5 and 7.4. */
  #check({ isMasked, opcode, fin, rsv, payload }: ClientFrame): void {
    const isControl = opcode >= 8;
    const code = opcode === op.close && payload.length >= 2 ? payload.readUInt16BE(0) : undefined;
    if (!isMasked) this.badFrames.push("a frame without a mask");
    if (isControl && (!fin || payload.length > 125)) this.badFrames.push("a control frame in parts or too long");
    if ((rsv & 3) !== 0 || !Object.values(op).includes(opcode as 1)) this.badFrames.push("a reserved bit or opcode");
    if (code !== undefined && (code < 1000 || [1004, 1005, 1006, 1015].includes(code))) {
      this.badFrames.push(`the close code ${code}`);
    }
  }
}

/** Header lines in place of the right ones, and a status line in place of the right one. */
export interface Acceptance {
  readonly changes?: Readonly<Record<string, string | undefined>>;
  readonly status?: string;
}

const keyOf = (head: string): string => /^sec-websocket-key: *(\S+)/im.exec(head)?.[1] ?? "";
