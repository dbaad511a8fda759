import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import type { Certificate, Certificates } from "../../support/certificates.ts";
import { type FullBacklog, fullBacklog } from "../http-faults/backlog.ts";
import type { Behaviour } from "./behaviour.ts";
import { text } from "./frames.ts";
import { Line, type LineOwner } from "./line.ts";

/** What a line that does as it should says first. */
export const healthyMessage = "healthy";

/** The server of one case, over raw sockets: it misbehaves as the case says, until it is healed. */
export class FarSide {
  /** Every connection that was taken, in their order. */
  readonly lines: Line[] = [];
  /** Every message that came, over all lines, as they came. */
  readonly received: string[] = [];
  readonly #behaviour: Behaviour;
  readonly #now: () => number;
  readonly #server: Server = createServer();
  readonly #tls: TlsServer | undefined;
  readonly #untrusted: TlsServer | undefined;
  readonly #open = new Set<Line>();
  readonly #reached = Promise.withResolvers<void>();
  readonly #work: Promise<void>[] = [];
  readonly #dialledAt: number[] = [];
  readonly #listeners = new Set<() => void>();
  #backlog: FullBacklog | undefined;
  #port = 0;
  #isHealed = false;
  #flood = { bytes: 0, isOver: false };

  private constructor(behaviour: Behaviour, now: () => number, certificates: Certificates | undefined) {
    this.#behaviour = behaviour;
    this.#now = now;
    const { scheme = "ws" } = behaviour;
    if (scheme !== "ws" && certificates !== undefined) {
      this.#tls = this.#tlsServer(certificates.server);
      if (scheme === "untrusted") this.#untrusted = this.#tlsServer(certificates.elsewhere);
    }
    this.#server.on("connection", (socket) => this.#take(socket));
  }

  /** @param now - the scale on which its record of dials is kept, in milliseconds. */
  static async open(behaviour: Behaviour, now: () => number, certificates: Certificates | undefined): Promise<FarSide> {
    const side = new FarSide(behaviour, now, certificates);
    if (behaviour.accepts === "backlog-full") {
      side.#backlog = await fullBacklog("");
      side.#port = side.#backlog.port;
      side.#reached.resolve();
    } else await side.#listen(0);
    return side;
  }

  get url(): string {
    const scheme = (this.#behaviour.scheme ?? "ws") === "ws" ? "ws" : "wss";
    return `${scheme}://127.0.0.1:${this.#port}`;
  }

  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  /** How many connections came, up to this moment. */
  dials(until: number = Number.POSITIVE_INFINITY): number {
    return this.#dialledAt.filter((at) => at <= until).length;
  }

  get openLines(): number {
    return this.#open.size;
  }

  /** Of its flood: how much it got rid of. */
  get floodedBytes(): number {
    return this.#flood.bytes;
  }

  get isFloodOver(): boolean {
    return this.#flood.isOver;
  }

  /** Calls back whenever a line or a message came or a line went. */
  watch(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /**
   * From now on it does as a good server would, on lines that come, and where the case wants it on those that are there
   * too; each says {@link healthyMessage} first. What of the misbehaviour has an end comes to it before.
   */
  async heal(lines: "new lines" | "all lines"): Promise<void> {
    this.#isHealed = true;
    await Promise.all(this.#work);
    await this.#backlog?.close();
    if (!this.#server.listening) await this.#listen(this.#port);
    this.readOn();
    if (lines === "all lines") for (const line of this.#open) line.mend();
  }

  /** What was not read is let go: else the end of its connection would never be seen. */
  readOn(): void {
    for (const line of this.#open) line.socket.resume();
  }

  async close(): Promise<void> {
    await this.#backlog?.close();
    const closed = this.#server.listening ? once(this.#server, "close") : undefined;
    this.#server.close();
    for (const line of this.#open) line.socket.destroy();
    await closed;
  }

  async #listen(port: number): Promise<void> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async #goDown(): Promise<void> {
    this.#server.close();
    for (const line of this.#open) line.reset();
    await turn();
  }

  #take(socket: Socket): void {
    this.#dialledAt.push(this.#now());
    const bare = this.#line(socket);
    // In plain sight of the case also where the client means to speak TLS: what stalls is the handshake.
    if (!this.#isHealed && bare.isTakenOver()) return this.#add(bare);
    const tls = this.#isHealed ? this.#tls : (this.#untrusted ?? this.#tls);
    if (tls === undefined) {
      this.#add(bare);
      bare.read();
    } else tls.emit("connection", socket);
  }

  #tlsServer(certificate: Certificate): TlsServer {
    const server = createTlsServer(certificate);
    server.on("secureConnection", (socket) => {
      const line = this.#line(socket);
      this.#add(line);
      line.read();
    });
    server.on("tlsClientError", () => this.#reached.resolve());
    return server;
  }

  #line(socket: Socket): Line {
    const line = new Line(socket, this.lines.length + 1, this.#isHealed ? {} : this.#behaviour, this.#owner());
    if (this.#isHealed) line.mend();
    return line;
  }

  #add(line: Line): void {
    this.lines.push(line);
    if (!line.socket.destroyed) this.#open.add(line);
    this.#changed();
  }

  #owner(): LineOwner {
    return {
      reach: () => this.#reached.resolve(),
      also: (work) => void this.#work.push(work),
      goDown: () => void this.#work.push(this.#goDown()),
      flooded: (bytes, isOver) => {
        this.#flood = { bytes: this.#flood.bytes + bytes, isOver: this.#flood.isOver || isOver };
      },
      message: (message) => {
        this.received.push(message);
        this.#changed();
      },
      closed: (line) => {
        this.#open.delete(line);
        this.#changed();
      },
      opened: (line) => line.write(text(healthyMessage)),
    };
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
