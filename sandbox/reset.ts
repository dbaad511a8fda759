import type { Socket } from "node:net";

/**
 * Ends a socket with an RST; one that is just sending its FIN, with that. libuv refuses to reset such a one, and Node
 * (24.21) then takes it for closed and never closes it: the process would spin for ever when it is about to exit.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}
