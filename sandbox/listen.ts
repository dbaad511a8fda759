import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { pause } from "./pause.ts";
import { resetSocket } from "./reset.ts";

const host = "127.0.0.1";
const portsToTry = 50;
const reopenEveryMs = 10;
const reopenTries = 500;

/** A port that can be shut and opened again, and the owner of every socket that came in through it. */
export interface Listener {
  readonly port: number;
  /**
   * Stops listening and resets every open socket but `spare`: when this returns, a connect is refused. The port opens
   * again when all who shut it have released it.
   */
  shut(spare?: Socket): Shut;
  /** Resolves when the port, if nobody shuts it, is open again. */
  opened(): Promise<void>;
  close(): Promise<void>;
}

/** A port held shut, and the number of sockets that were cut for it. */
export interface Shut {
  readonly cut: number;
  /** To be called once. */
  readonly release: () => void;
}

/**
 * Listens on 127.0.0.1: on any free port for 0, else on the given one or the first free one of the 49 after it.
 * `create` makes a server that does not listen yet; it is called again each time the port opens again, because what
 * `http.Server` promises about a second `listen` while old connections end is too little to build on.
 */
export async function listen(port: number, create: () => Server): Promise<Listener> {
  const sockets = new Set<Socket>();
  const closing = new AbortController();
  let server = await openFirstFree(port);
  const bound = (server.address() as AddressInfo).port;
  let holds = 0;
  let reopening: Promise<void> = Promise.resolve();

  const isWanted = (): boolean => holds === 0 && !closing.signal.aborted;

  return {
    port: bound,
    shut(spare) {
      holds += 1;
      // First: `http.Server` ends idle sockets with a FIN when it closes, and a process that died does not.
      const count = cut(spare);
      server.close();
      return { cut: count, release };
    },
    opened: () => reopening,
    async close() {
      closing.abort();
      const ended = server.listening ? once(server, "close") : undefined;
      cut();
      server.close();
      await reopening.catch(() => {});
      await ended;
    },
  };

  function release(): void {
    holds -= 1;
    if (!isWanted()) return;
    // Behind one that may still be on its way, or two servers would fight for the port.
    reopening = reopening.catch(() => {}).then(reopen);
    reopening.catch(() => {});
  }

  function cut(spare?: Socket): number {
    const others = [...sockets].filter((socket) => socket !== spare && !socket.destroyed);
    for (const socket of others) resetSocket(socket);
    return others.length;
  }

  async function reopen(): Promise<void> {
    for (let tries = 1; isWanted() && !server.listening; tries++) {
      try {
        const opened = await open(bound);
        if (isWanted()) {
          server = opened;
          return;
        }
        // Shut or closed while it was being opened: the next release opens it again.
        opened.close();
        cut();
      } catch (error) {
        // An ephemeral port may be in use by somebody's outgoing connection for a moment.
        if (!isTaken(error) || tries === reopenTries) throw error;
        await pause(reopenEveryMs, closing.signal);
      }
    }
  }

  async function openFirstFree(first: number): Promise<Server> {
    for (let candidate = first; ; candidate++) {
      try {
        return await open(candidate);
      } catch (error) {
        const isLast = first === 0 || candidate === first + portsToTry - 1 || candidate === 65_535;
        if (!isTaken(error) || isLast) throw error;
      }
    }
  }

  async function open(candidate: number): Promise<Server> {
    const opening = create();
    // An idle connection that the server drops just as a request comes is a reset that no fault asked for.
    opening.keepAliveTimeout = 600_000;
    opening.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
    opening.listen(candidate, host);
    await once(opening, "listening");
    return opening;
  }
}

/** The address of a listener. */
export function urlOf(listener: Listener, scheme: "http" | "ws" = "http"): string {
  return `${scheme}://${host}:${listener.port}`;
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EADDRINUSE";
}
