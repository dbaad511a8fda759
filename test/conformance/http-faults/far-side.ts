import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import type { Certificate, Certificates } from "../../support/certificates.ts";
import { type FullBacklog, fullBacklog } from "./backlog.ts";
import { answer, type Behaviour, crlf, type Exchange } from "./behaviour.ts";
import { defineName } from "./names.ts";
import { type ReadRequest, RequestReader } from "./request-reader.ts";

/** Where good calls go; they are answered well, whatever the case is about. */
export const healthyPath = "/healthy";
export const healthyBody = "healthy";
const healthyAnswer = answer(healthyBody, "content-type: text/plain");

/** A request that came, and how much of it. */
export interface Delivery {
  readonly method: string;
  readonly path: string;
  readonly head: string;
  /** Undefined as long as it is not whole. */
  body: string | undefined;
}

let lastSide = 0;

/** The server of one case, over raw sockets: it misbehaves as the case says, until it is healed. */
export class FarSide {
  readonly deliveries: Delivery[] = [];
  /** How many good calls came. */
  healthyRequests = 0;
  readonly #behaviour: Behaviour;
  readonly #server: Server = createServer();
  readonly #tls: TlsServer | undefined;
  readonly #untrusted: TlsServer | undefined;
  readonly #name: ReturnType<typeof defineName> | undefined;
  readonly #host: string;
  readonly #open = new Set<Socket>();
  readonly #reached = Promise.withResolvers<void>();
  readonly #others: Promise<void>[] = [];
  #backlog: FullBacklog | undefined;
  #elsewhere: FarSide | undefined;
  #port = 0;
  #isHealed = false;
  #faults = 0;
  #allClosed = Promise.withResolvers<void>();

  private constructor(behaviour: Behaviour, certificates: Certificates | undefined) {
    this.#behaviour = behaviour;
    const { name, scheme = "http" } = behaviour;
    this.#host = name === undefined ? "127.0.0.1" : `far-side-${++lastSide}.invalid`;
    this.#name = name === undefined ? undefined : defineName(this.#host, name, () => this.reach());
    if (scheme !== "http" && certificates !== undefined) {
      this.#tls = this.#tlsServer(certificates.server);
      if (scheme === "untrusted") this.#untrusted = this.#tlsServer(certificates.elsewhere);
    }
    this.#server.on("connection", (socket) => this.#take(socket));
  }

  static async open(behaviour: Behaviour, certificates: Certificates | undefined): Promise<FarSide> {
    const side = new FarSide(behaviour, certificates);
    const { accepts, elsewhere } = behaviour;
    if (elsewhere !== undefined) side.#elsewhere = await FarSide.open(elsewhere, certificates);
    if (accepts === "backlog-full") {
      side.#backlog = await fullBacklog(crlf(healthyAnswer).toString());
      side.#port = side.#backlog.port;
      side.reach();
    } else {
      await side.#listen(0);
      if (accepts === "refused") {
        await side.#stopListening();
        side.reach();
      }
    }
    return side;
  }

  get url(): string {
    const scheme = (this.#behaviour.scheme ?? "http") === "http" ? "http" : "https";
    return `${scheme}://${this.#host}:${this.#port}`;
  }

  /** The other origin. */
  get elsewhere(): FarSide {
    if (this.#elsewhere === undefined) throw new Error("this case has no other origin");
    return this.#elsewhere;
  }

  /** Everything that came here, and to the other origin. */
  get everythingElsewhere(): readonly Delivery[] {
    return this.#elsewhere?.deliveries ?? [];
  }

  /** The call has come as far as the case wants it. */
  reach(): void {
    this.#reached.resolve();
  }

  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  /** Something that goes on beside; the case is over only when it is done. */
  also(work: Promise<void>): void {
    this.#others.push(work);
  }

  /** From now on it does as a good server would. Resolves when nothing of the misbehaviour is under way. */
  async heal(): Promise<void> {
    this.#isHealed = true;
    this.#name?.mean("here");
    await this.#backlog?.free();
    // What was not read is let go, or the end of its connection would never be seen.
    for (const socket of this.#open) socket.resume();
    if (this.#behaviour.accepts === "refused") await this.#listen(this.#port);
    await Promise.all(this.#others);
  }

  /** Breaks every connection and comes back on the same port, as a server that is restarted. */
  async restart(): Promise<void> {
    const stopped = this.#stopListening();
    for (const socket of this.#open) socket.resetAndDestroy();
    await stopped;
    await this.#listen(this.#port);
  }

  /** Resolves once the client has closed every connection. */
  async allClosed(): Promise<void> {
    if (this.#open.size > 0) await this.#allClosed.promise;
  }

  async close(): Promise<void> {
    this.#name?.remove();
    await this.#elsewhere?.close();
    await this.#backlog?.close();
    const closed = this.#server.listening ? once(this.#server, "close") : undefined;
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  async #listen(port: number): Promise<void> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async #stopListening(): Promise<void> {
    // The event would wait for the connections; the port is free at once.
    this.#server.close();
    await turn();
  }

  #take(socket: Socket): void {
    this.#open.add(socket);
    const isGone = (): void => {
      if (!this.#open.delete(socket) || this.#open.size > 0) return;
      this.#allClosed.resolve();
      this.#allClosed = Promise.withResolvers<void>();
    };
    // After an error a socket is as good as closed; a reset that the kernel refuses has no `close` (net.js, _destroy).
    socket.on("error", isGone).once("close", isGone);
    // In plain sight of the case also where the client means to speak TLS: what stalls is the handshake.
    const isTaken = !this.#isHealed && this.#behaviour.onConnection?.(socket, this) === true;
    if (isTaken) {
      this.reach();
      return;
    }
    const tls = this.#isHealed ? this.#tls : (this.#untrusted ?? this.#tls);
    if (tls === undefined) this.#read(socket);
    else tls.emit("connection", socket);
  }

  #tlsServer(certificate: Certificate): TlsServer {
    const server = createTlsServer(certificate);
    server.on("secureConnection", (socket) => this.#read(socket));
    server.on("tlsClientError", () => this.reach());
    return server;
  }

  #read(socket: Socket): void {
    const waiting = new Map<
      ReadRequest,
      { readonly delivery: Delivery; readonly number: number; isAnswered: boolean }
    >();
    const exchange = (head: string, number: number): Exchange => ({ socket, number, head, side: this });
    const reader = new RequestReader(
      (request) => {
        if (request.path.startsWith(healthyPath)) {
          this.healthyRequests += 1;
          return;
        }
        const delivery: Delivery = { ...request, body: undefined };
        this.deliveries.push(delivery);
        const number = ++this.#faults;
        const isAnswered = !this.#isHealed && this.#behaviour.onHead?.(exchange(request.head, number)) === true;
        waiting.set(request, { delivery, number, isAnswered });
        if (isAnswered) this.reach();
      },
      (request, body) => {
        const faulty = waiting.get(request);
        if (faulty !== undefined) faulty.delivery.body = body;
        if (faulty?.isAnswered === true) return;
        if (faulty === undefined || this.#isHealed) socket.write(crlf(healthyAnswer));
        else {
          this.#behaviour.onRequest?.(exchange(request.head, faulty.number));
          this.reach();
        }
      },
    );
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => reader.push(chunk));
  }
}
