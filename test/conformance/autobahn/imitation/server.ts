import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { acceptOf } from "../../../support/websocket-accept.ts";
import { CaseConnection } from "./case-connection.ts";
import { DeflateContext, negotiate } from "./deflate.ts";
import { corpus } from "./corpus.ts";
import { frame, opcode } from "./frames.ts";
import type { ImitatedCase } from "./imitated-case.ts";
import { type Judgement, judge } from "./judge.ts";

/** A server that speaks the protocol of Autobahn's fuzzing server. It is not Autobahn; see the README beside it. */
export interface ImitationServer extends AsyncDisposable {
  readonly url: string;
  /** How often a client asked for the reports to be written, by agent. */
  readonly reports: readonly string[];
}

export interface ImitationOptions {
  /** @defaultValue all of them */
  readonly cases?: readonly ImitatedCase[];
  /** How long a case may take. @defaultValue 60000 */
  readonly caseLimitMs?: number;
}

/** Listens on a port of 127.0.0.1 that is free. */
export async function startImitation({
  cases = corpus,
  caseLimitMs = 60_000,
}: ImitationOptions = {}): Promise<ImitationServer> {
  const http = createServer((_request, response) => {
    response.writeHead(426).end();
  });
  const sockets = new Set<Socket>();
  const judgements = new Map<string, Promise<Judgement>>();
  const reports: string[] = [];

  http.on("upgrade", (request: IncomingMessage, duplex: Duplex, head: Buffer) => {
    const socket = duplex as Socket;
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://imitation");
    const number = Number(searchParams.get("case"));
    const agent = searchParams.get("agent") ?? "";
    const one = cases[number - 1];
    const offers = request.headers["sec-websocket-extensions"] ?? "";
    const negotiated =
      pathname === "/runCase" && one?.deflate !== undefined ? negotiate(offers, one.deflate) : undefined;
    accept(socket, request, negotiated?.header);
    if (pathname === "/getCaseCount") return tell(socket, cases.length);
    if (pathname === "/updateReports") {
      reports.push(agent);
      return finish(socket);
    }
    if (one === undefined) return finish(socket);
    if (pathname === "/getCaseInfo") return tell(socket, { id: one.id, description: one.description });
    if (pathname === "/runCase" && one.deflate !== undefined && negotiated === undefined) {
      judgements.set(`${agent} ${number}`, Promise.resolve({ behavior: "UNIMPLEMENTED", reason: "" }));
      return finish(socket);
    }
    if (pathname === "/runCase") {
      const inflater = negotiated === undefined ? undefined : new DeflateContext(negotiated.answer.clientMaxWindowBits);
      const played = new CaseConnection(socket, one, inflater)
        .play(caseLimitMs, head)
        .then((record) => judge(one, record));
      judgements.set(`${agent} ${number}`, played);
      return undefined;
    }
    const judgement = judgements.get(`${agent} ${number}`);
    if (pathname !== "/getCaseStatus" || judgement === undefined) return finish(socket);
    // Autobahn too makes whoever asks wait until the case is over.
    void judgement.then((verdict) => tell(socket, verdict));
    return undefined;
  });

  await new Promise<void>((done) => http.listen(0, "127.0.0.1", done));
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
    reports,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((done) => http.close(() => done()));
    },
  };
}

function accept(socket: Socket, request: IncomingMessage, extension: string | undefined): void {
  const key = request.headers["sec-websocket-key"] ?? "";
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "upgrade: websocket",
    "connection: Upgrade",
    `sec-websocket-accept: ${acceptOf(key)}`,
    ...(extension === undefined ? [] : [`sec-websocket-extensions: ${extension}`]),
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
}

/** One message, and the end. */
function tell(socket: Socket, answer: unknown): void {
  socket.write(frame(opcode.text, JSON.stringify(answer)));
  finish(socket);
}

function finish(socket: Socket): void {
  socket.write(frame(opcode.close, Buffer.from([0x03, 0xe8])));
  // The client answers with its Close frame, which nobody needs to read.
  socket.once("data", () => socket.end());
}
