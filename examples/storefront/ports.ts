import type { FastifyInstance } from "fastify";

const host = "127.0.0.1";
const portsToTry = 50;

/** Lets the application listen on this port, or on the first free one of the 49 after it. */
export async function listenOn(app: FastifyInstance, port: number): Promise<string> {
  const last = port === 0 ? 0 : Math.min(port + portsToTry - 1, 65_535);
  for (let candidate = port; ; candidate++) {
    try {
      return await app.listen({ host, port: candidate });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      if (candidate === last) throw new Error(`the ports ${port} to ${last} are all taken`, { cause: error });
    }
  }
}

/** What to tell where a server is not on the port that was asked for; undefined where it is. */
export function movedNote(what: string, wanted: number, url: string): string | undefined {
  const actual = new URL(url).port;
  return wanted === 0 || actual === String(wanted) ? undefined : `port ${wanted} is taken: ${what} is on ${actual}`;
}
