import { getBuiltinModule } from "node:process";
import { connect as tcpConnect, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as tlsConnect } from "node:tls";
import type { Secret } from "../../core/secret.ts";
import type { TlsOptions } from "../../core/tls.ts";
import type { DialStage } from "../connection/connection-model.ts";
import { defaultPort } from "./endpoints.ts";
import { proxyFault, proxyRefusal, type StreamName, tunnelFault } from "./socket-errors.ts";

// Not by an import: it reads all that node:http exports, WebSocket among it, and at that Node loads its own undici, which
// replaces the dispatcher of the built-in fetch for the whole process.
const { request: httpRequest } = getBuiltinModule("node:http");

/** The way to a service through a proxy. */
export interface TunnelTarget {
  /** Of the proxy, `http:` or `https:`; may hold credentials. */
  readonly proxy: Secret;
  /** Of the service, `ws:` or `wss:`. */
  readonly url: string;
  readonly tls: TlsOptions;
}

/**
 * Makes a connection to the service through the proxy: CONNECT (RFC 9110, section 9.3.6), and behind it the TLS
 * handshake with the service, where its URL is `wss:`. The signal ends it at any moment, and is its only limit.
 *
 * @returns a socket on which the upgrade request may be written at once.
 * @throws ServiceConnectionError, phase `connect`, with nothing sent; the signal's reason where that aborts first.
 */
export async function openTunnel(
  { proxy, url, tls }: TunnelTarget,
  about: StreamName & { readonly signal: AbortSignal; readonly wallNow: () => number },
  onStage: (stage: DialStage) => void,
): Promise<Socket> {
  const { signal } = about;
  signal.throwIfAborted();
  const via = new URL(proxy.reveal());
  const target = new URL(url);
  // What is given up is destroyed with the socket that everything else goes over.
  const opened: Socket[] = [];
  const onAbort = (): void => opened.forEach((socket) => socket.destroy());
  signal.addEventListener("abort", onAbort, { once: true });
  const step = async <T>(run: Promise<T>, fault: (error: Error) => Error): Promise<T> => {
    try {
      return await run;
    } catch (error) {
      for (const socket of opened) socket.destroy();
      // Destroyed by the signal it has an error of its own, which says nothing.
      throw signal.aborted ? signal.reason : fault(error as Error);
    }
  };
  const ofProxy = (error: Error): Error => proxyFault(error, about);
  const keep = (socket: Socket): Socket => {
    opened.push(socket);
    // Between two owners nobody else listens, and an error without a listener ends the process.
    return socket.on("error", () => undefined);
  };

  try {
    let socket = keep(tcpTo(via, onStage));
    await step(happened(socket, "connect"), ofProxy);
    onStage("proxy");
    if (via.protocol === "https:") {
      socket = keep(tlsOver(socket, via, withoutCertificate(tls)));
      await step(happened(socket, "secureConnect"), ofProxy);
    }
    const answer = await step(connectRequest(socket, via, target), ofProxy);
    if (answer.status < 200 || answer.status > 299) {
      for (const one of opened) one.destroy();
      throw proxyRefusal(answer, about, about.wallNow());
    }
    // What comes after it, the transport tells.
    if (target.protocol !== "wss:") return socket;
    onStage("tls");
    socket = keep(tlsOver(socket, target, tls));
    await step(happened(socket, "secureConnect"), (error) => tunnelFault(error, about));
    return socket;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

const bare = (hostname: string): string => hostname.replace(/^\[(.+)\]$/, "$1");
const portOf = ({ protocol, port }: URL): string => (port === "" ? defaultPort(protocol) : port);

function tcpTo(via: URL, onStage: (stage: DialStage) => void): Socket {
  const host = bare(via.hostname);
  // On the socket below all others: one that TLS is spoken over has neither.
  const socket = tcpConnect({
    host,
    port: Number(portOf(via)),
    noDelay: true,
    keepAlive: true,
    // Shorter than the idle limits on the way (60 s and more).
    keepAliveInitialDelay: 30_000,
  });
  onStage(isIP(host) === 0 ? "name" : "tcp");
  socket.once("lookup", () => onStage("tcp"));
  return socket;
}

function tlsOver(socket: Socket, { hostname }: URL, { ca, cert, key, rejectUnauthorized }: TlsOptions): Socket {
  const host = bare(hostname);
  return tlsConnect({
    socket,
    // What the certificate is checked against; an address is no name to ask for (RFC 6066, section 3).
    host,
    servername: isIP(host) === 0 ? host : "",
    ...(ca === undefined ? {} : { ca: ca as NonNullable<ConnectionOptions["ca"]> }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  });
}

/** A proxy is not the service: it is shown no certificate of ours. */
function withoutCertificate({ ca, rejectUnauthorized }: TlsOptions): TlsOptions {
  return { ca, rejectUnauthorized };
}

async function happened(socket: Socket, event: "connect" | "secureConnect"): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once(event, () => resolve());
    socket.once("error", reject);
    socket.once("close", () => reject(brokeOff()));
  });
}

const brokeOff = (): Error => Object.assign(new Error("the connection was closed"), { code: "ECONNRESET" });

/** What a proxy answered. */
export interface ProxyAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

async function connectRequest(socket: Socket, via: URL, target: URL): Promise<ProxyAnswer> {
  return new Promise<ProxyAnswer>((resolve, reject) => {
    const authority = `${target.hostname}:${portOf(target)}`;
    const request = httpRequest({
      method: "CONNECT",
      path: authority,
      headers: { host: authority, "proxy-connection": "keep-alive", connection: "keep-alive", ...authorization(via) },
      createConnection: () => socket,
    });
    request.once("error", reject);
    request.once("close", () => reject(brokeOff()));
    // Whatever the status: an answer to CONNECT is never read as a response with a body.
    request.once("connect", (response, _socket, head) => {
      const status = response.statusCode ?? 0;
      // Nobody has spoken to the service yet. Its bytes would be taken for an answer to what is still to be asked.
      if (status < 300 && head.length > 0) reject(new Error("bytes came before anything was asked"));
      else resolve({ status, retryAfter: response.headers["retry-after"] });
    });
    request.end();
  });
}

function authorization({ username, password }: URL): { readonly "proxy-authorization"?: string } {
  if (username === "" && password === "") return {};
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(plain).toString("base64")}` };
}
