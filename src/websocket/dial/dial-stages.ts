import { isIP, type Socket } from "node:net";
import type { DialStage } from "../connection/connection-model.ts";

/** Tells what a socket that is being connected waits for, up to the answer to the upgrade request. */
export function watchStages(socket: Socket, { protocol, hostname }: URL, tell: (stage: DialStage) => void): void {
  const isSecure = protocol === "wss:";
  // No listener stays behind: it would live as long as the connection.
  if (isSecure) socket.once("secureConnect", () => tell("upgrade"));
  if (!socket.connecting) {
    // Made by somebody else, through a proxy say, and connected already; perhaps its TLS handshake is over too.
    const isShaking = (socket as { secureConnecting?: boolean }).secureConnecting === true;
    return tell(isSecure && isShaking ? "tls" : "upgrade");
  }
  const isName = isIP(hostname.replace(/^\[|\]$/g, "")) === 0;
  tell(isName ? "name" : "tcp");
  if (isName) socket.once("lookup", () => tell("tcp"));
  socket.once("connect", () => tell(isSecure ? "tls" : "upgrade"));
}
