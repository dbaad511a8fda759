import type { Socket } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import type { FarSide } from "./far-side.ts";

/** One request as the far side sees it. */
export interface Exchange {
  readonly socket: Socket;
  /** 1 for the first request that is not a good call's. */
  readonly number: number;
  readonly head: string;
  readonly side: FarSide;
}

/** What the far side does until it is healed; what is not said, it does as a good server would. */
export interface Behaviour {
  /** @defaultValue "http"; "untrusted" is TLS with a certificate for another host */
  readonly scheme?: "http" | "https" | "untrusted";
  /**
   * What the host name resolves to until healed: never to anything, to nothing, or to the far side. Without it, the
   * URL holds the address itself.
   */
  readonly name?: "stalled" | "missing";
  /** Nobody takes the connections: `refused` by the kernel, or the `backlog` is full. */
  readonly accepts?: "refused" | "backlog-full";
  /** A connection came. Whoever takes it over returns true: no request is then read from it. */
  readonly onConnection?: (socket: Socket, side: FarSide) => boolean;
  /** The head of a request came, and perhaps no more. Whoever answers now returns true; the rest is read all the same. */
  readonly onHead?: (exchange: Exchange) => boolean;
  /** A request came, whole. */
  readonly onRequest?: (exchange: Exchange) => void;
  /** Another origin, which redirects lead to. */
  readonly elsewhere?: Behaviour;
}

/** What is done to the connection after the bytes. `goes-on` closes when the client does. */
export type Then = "goes-on" | "ends" | "resets";

/** Bytes as they are; text with CRLF for every line end. */
export type Bytes = string | Buffer;

export const crlf = (bytes: Bytes): Buffer =>
  typeof bytes === "string" ? Buffer.from(bytes.replaceAll("\n", "\r\n"), "latin1") : bytes;

export function write({ socket, side }: Exchange, bytes: Bytes, then: Then): void {
  if (then === "ends") socket.end(crlf(bytes));
  else socket.write(crlf(bytes));
  if (then === "resets") side.also(resetSoon(socket));
}

/** A reset overtakes bytes that the other end has not read yet; it comes when they were. */
async function resetSoon(socket: Socket): Promise<void> {
  for (let turns = 0; turns < 5; turns++) await turn();
  socket.resetAndDestroy();
}

/** Answers every request with these bytes once it was read. */
export const answers = (bytes: Bytes, then: Then = "goes-on"): Behaviour => ({
  onRequest: (exchange) => write(exchange, bytes, then),
});

/** Answers as soon as the head was read; what comes after it is read, or not. */
export const answersEarly = (bytes: Bytes, then: Then, rest: "read" | "unread"): Behaviour => ({
  onHead: (exchange) => {
    if (rest === "unread") exchange.socket.pause();
    write(exchange, bytes, then);
    return true;
  },
});

/** Answers the first request with the first, and so on; the last one stays. */
export const answersInTurn = (...list: readonly (readonly [Bytes, Then])[]): Behaviour => ({
  onRequest: (exchange) => {
    const [bytes, then] = list[Math.min(exchange.number, list.length) - 1] ?? ["", "ends"];
    write(exchange, bytes, then);
  },
});

/** Answers with these bytes, and then with this piece again and again, without an end. */
export const trickles = (start: Bytes, piece: Bytes, everyMs = 10): Behaviour => ({
  onRequest: (exchange) => {
    write(exchange, start, "goes-on");
    const timer = setInterval(() => exchange.socket.write(crlf(piece)), everyMs);
    exchange.socket.once("close", () => clearInterval(timer));
  },
});

/** Reads the request and says nothing. */
export const saysNothing: Behaviour = { onRequest: () => undefined };

/** Takes the connection, and reads nothing from it. */
export const readsNothing: Behaviour = {
  onConnection: (socket) => {
    socket.pause();
    return true;
  },
};

/** An answer in short: its header lines, and its body with the length counted. */
export const answer = (body: string, headers = "", status = "200 OK"): string =>
  `HTTP/1.1 ${status}\n${headers}${headers === "" ? "" : "\n"}content-length: ${Buffer.byteLength(body, "latin1")}\n\n${body}`;
