import type { ServerResponse } from "node:http";

/** A request that named itself, as `GET /__requests` shows it. */
export interface LoggedRequest {
  /** Its `X-Request-Id`; several attempts of one call may well carry the same. */
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly idempotencyKey: string | null;
  /** Whether its body was read whole; one that was not took no effect. */
  readonly isRead: boolean;
  /** Of the answer, once it is over, and also where the caller cannot have got all of it; `null` where there was none. */
  readonly status: number | null;
  /** Whether the server is done with it, whatever became of it: nothing that it does comes later. */
  readonly isOver: boolean;
}

type Entry = { -readonly [Field in keyof LoggedRequest]: LoggedRequest[Field] };

/**
 * Every request that carries an `X-Request-Id`, from the moment its headers are there, in the order of arrival: what a
 * caller says about a call can be held against what came. Those without a name (health checks, by the thousand) are
 * left out.
 */
export class RequestLog {
  #entries: Entry[] = [];
  readonly #ofResponse = new WeakMap<ServerResponse, Entry>();

  /** Enters a request, and when its response closes, how it ended. */
  enter(head: Pick<LoggedRequest, "requestId" | "method" | "path" | "idempotencyKey">, response: ServerResponse): void {
    const entry: Entry = { ...head, isRead: false, status: null, isOver: false };
    this.#entries.push(entry);
    this.#ofResponse.set(response, entry);
    response.once("close", () => {
      // Not whether it was sent: a socket that is reset may have carried it before.
      entry.status = response.headersSent ? response.statusCode : null;
      entry.isOver = true;
    });
  }

  /** The body of the request was read. */
  read(response: ServerResponse): void {
    const entry = this.#ofResponse.get(response);
    if (entry !== undefined) entry.isRead = true;
  }

  list(): readonly LoggedRequest[] {
    return this.#entries.map((entry) => ({ ...entry }));
  }

  clear(): void {
    this.#entries = [];
  }
}
