import { Duplex } from "node:stream";

/** What a socket says when the far side resets the connection. */
export function connectionReset(): Error {
  return Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET", errno: -104, syscall: "read" });
}

/** One end of a connection within the process: what is written here is read at the other end. */
class LocalEnd extends Duplex {
  other: LocalEnd | undefined;
  /** The other end has said that nothing more will come. */
  isFinished = false;
  /** Told when the other end has taken what was written, so that a slow reader slows the writer. */
  #whenTaken: (() => void) | undefined;

  override _read(): void {
    const taken = this.#whenTaken;
    this.#whenTaken = undefined;
    taken?.();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    const { other } = this;
    // The far side has gone: as on a socket, what is written then goes nowhere.
    if (other === undefined || other.destroyed) done();
    else if (other.push(chunk)) process.nextTick(done);
    else other.#whenTaken = done;
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#finish();
    process.nextTick(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#whenTaken?.();
    this.#finish();
    done(error);
  }

  #finish(): void {
    const { other } = this;
    if (other !== undefined && !other.destroyed && !other.readableEnded && !other.isFinished) {
      other.isFinished = true;
      other.push(null);
    }
  }
}

/** The two ends of a connection within the process. */
export interface LocalConnection {
  readonly client: Duplex;
  readonly server: Duplex;
  /** Breaks it, as the service does that resets the connection. */
  readonly reset: () => void;
}

/** Makes a connection that needs no network. */
export function localConnection(): LocalConnection {
  const client = new LocalEnd();
  const server = new LocalEnd();
  client.other = server;
  server.other = client;
  return {
    client,
    server,
    reset() {
      client.destroy(connectionReset());
      server.destroy();
    },
  };
}
