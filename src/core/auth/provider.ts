import type { Clock, Random } from "../clock.ts";
import type { Logger } from "../logger.ts";

/**
 * What a provider may know of the attempt that it gives credentials to. That of a stream is its upgrade request: a GET
 * without a body, whose origin is written as that of the HTTP request it is (`https:` for `wss:`).
 */
export interface AuthRequest {
  readonly method: string;
  /** Scheme, host and port: `https://api.example.com`. */
  readonly origin: string;
  /** With the query, encoded, as it goes onto the wire but for what the provider adds. */
  readonly path: string;
  /** Names in lower case; without `host` and `content-length`, which are added last. */
  readonly headers: Readonly<Record<string, string>>;
  /** What will be sent, empty where that is nothing; undefined where it is a stream, which cannot be looked at before. */
  readonly body: string | Uint8Array | undefined;
  /** 1 for the first attempt of the call; for a stream, of the outage. */
  readonly attempt: number;
  /** Aborts when the attempt is over: its limit, the deadline, the caller's own signal, `close()`. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** What goes with an attempt. All of it is hidden in logs, whatever the names. */
export interface Credentials {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Query parameters, not encoded. They end up in the logs of everybody on the way: prefer headers. */
  readonly query?: Readonly<Record<string, string>> | undefined;
  /** They sign this very request: a redirect within the service is then an error instead of a broken signature. */
  readonly isSignature?: boolean | undefined;
}

/** A provider whose credentials are the same for every call. */
export interface FixedAuth {
  readonly name: string;
  readonly credentials: Credentials;
}

/** A provider that is asked on every attempt. A plain object of this shape is a provider of your own. */
export interface AttemptAuth {
  /** How it is called in errors. */
  readonly name: string;
  /**
   * Gives the credentials of one attempt. It may take its time: the call's deadline, its attempt limit and its signal
   * hold meanwhile. What it throws ends the attempt as `unavailable-no-credentials`, with nothing sent.
   */
  apply(request: AuthRequest): Credentials | Promise<Credentials>;
  /**
   * Told that the service answered 401. Answers whether it has other credentials now: then the attempt is made once
   * more. 401s come late and many at a time, so compare before you throw anything away.
   *
   * @param refused - the very object that `apply` had given.
   */
  renew?(refused: Credentials, request: AuthRequest): boolean | Promise<boolean>;
  /** Gives back what the provider holds; called once, when the service is closed. */
  close?(): Promise<void>;
}

/** A provider that keeps something for each service: a token, a connection. */
export interface OwnedAuth {
  readonly name: string;
  /** Called once for each service that it is given to, at construction, before any I/O. */
  open(owner: AuthOwner): AttemptAuth;
}

/** What a provider gets of the service that it is given to. */
export interface AuthOwner {
  readonly service: string;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
}

export type AuthProvider = FixedAuth | AttemptAuth | OwnedAuth;
