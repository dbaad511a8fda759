import type { Clock } from "../../core/clock.ts";
import type { Attempt, Interruption } from "../../resilience/call.ts";
import { interruptedEnd } from "../../resilience/interruption.ts";
import type { AttemptEnd } from "../../resilience/outcome.ts";
import type { PreparedRequest } from "../request.ts";
import { CredentialsError, credentialsErrorOf } from "../../core/auth/credentials-error.ts";
import { checkedCredentials, withQuery } from "../../core/auth/given-credentials.ts";
import type { AttemptAuth, AuthOwner, AuthProvider, AuthRequest, Credentials } from "../../core/auth/provider.ts";
import { credentialNames } from "../../core/auth/read-auth.ts";
import { credentialsFailure } from "./credentials-failure.ts";

/** The headers that the call itself was given: they win, and an undefined one says that none is to be sent. */
export type OwnHeaders = Readonly<Record<string, string | undefined>> | undefined;

type Waited<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "thrown"; readonly error: unknown }
  | { readonly kind: "interrupted"; readonly interruption: Interruption };

/** The authorizer of a service; undefined where all of its credentials are fixed headers. */
export function authorizerFor(
  auth: AuthProvider | undefined,
  owner: AuthOwner & { readonly origin: string },
): Authorizer | undefined {
  if (auth === undefined) return undefined;
  if (!("credentials" in auth)) return new Authorizer("open" in auth ? auth.open(owner) : auth, owner);
  const { name, credentials } = auth;
  if (credentials.query === undefined) return undefined;
  return new Authorizer({ name, apply: () => credentials }, owner);
}

/** Puts the credentials of a provider on every attempt, and tries once more with new ones where they are refused. */
export class Authorizer {
  readonly #provider: AttemptAuth;
  readonly #about: { readonly service: string; readonly origin: string; readonly clock: Clock };

  constructor(
    provider: AttemptAuth,
    about: { readonly service: string; readonly origin: string; readonly clock: Clock },
  ) {
    this.#provider = provider;
    this.#about = about;
  }

  /**
   * Makes one attempt with credentials. Like `send`, it never rejects, and ends at once when the attempt is
   * interrupted: also while it waits for the provider.
   */
  async attempt<T>(
    request: PreparedRequest,
    own: OwnHeaders,
    attempt: Attempt,
    send: (request: PreparedRequest) => Promise<AttemptEnd<T>>,
  ): Promise<AttemptEnd<T>> {
    const { service, origin, clock } = this.#about;
    const asked = new AskedRequest(request, origin, clock, attempt.number);
    attempt.phase = "auth";
    const waited = await this.#ask(() => this.#provider.apply(asked), asked, attempt);
    if (waited.kind === "interrupted") {
      const { interruption } = waited;
      // However long the provider took: of the service itself that says nothing.
      const told = interruption.kind === "limit" ? { ...interruption, isTelling: false } : interruption;
      const { operation } = request;
      return interruptedEnd(told, { service, operation, phase: "auth", outcome: "not-sent" });
    }
    const whence = `the auth provider ${this.#provider.name}`;
    try {
      if (waited.kind === "thrown") throw credentialsErrorOf(waited.error, whence);
      const given = checkedCredentials(waited.value, whence);
      const authorized = withCredentials(request, given, own);
      attempt.phase = "queue";
      const end = await send(authorized);
      const isRenewed =
        isUnauthorized(end) && authorized !== request && (await this.#renew(waited.value, asked, attempt));
      return isRenewed ? { ...end, failure: { ...end.failure, freeReplay: "fresh-credentials" } } : end;
    } catch (error) {
      if (!(error instanceof CredentialsError)) throw error;
      return { kind: "failure", failure: credentialsFailure(error, { service, operation: request.operation }) };
    }
  }

  async close(): Promise<void> {
    await this.#provider.close?.();
  }

  /** The answer came, and stands if nothing better does: a renewal that fails or is interrupted is none. */
  async #renew(refused: Credentials, asked: AskedRequest, attempt: Attempt): Promise<boolean> {
    if (this.#provider.renew === undefined) return false;
    const waited = await this.#ask(() => this.#provider.renew?.(refused, asked) ?? false, asked, attempt);
    return waited.kind === "done" && waited.value;
  }

  /** Waits for a provider only where it makes us: what it has at hand costs no turn and listens to nothing. */
  async #ask<T>(ask: () => T | Promise<T>, asked: AskedRequest, attempt: Attempt): Promise<Waited<T>> {
    try {
      const given = ask();
      if (!isThenable(given)) return { kind: "done", value: given };
      return await new Promise((resolve) => {
        attempt.onInterrupt((interruption) => {
          asked.end(interruption);
          resolve({ kind: "interrupted", interruption });
        });
        given.then(
          (value) => resolve({ kind: "done", value }),
          (error: unknown) => resolve({ kind: "thrown", error }),
        );
      });
    } catch (error) {
      return { kind: "thrown", error };
    }
  }
}

/** An attempt as the provider sees it. Its signal is made only for a provider that looks at it. */
class AskedRequest implements AuthRequest {
  readonly method: string;
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
  readonly attempt: number;
  readonly clock: Clock;
  #controller: AbortController | undefined;
  #interruption: Interruption | undefined;

  constructor(request: PreparedRequest, origin: string, clock: Clock, attempt: number) {
    this.method = request.method;
    this.origin = origin;
    this.path = request.path;
    // A copy: calls share their headers, and a provider that writes into them means its own attempt.
    this.headers = { ...request.headers };
    this.body = request.body.payload;
    this.attempt = attempt;
    this.clock = clock;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#interruption !== undefined) this.end(this.#interruption);
    }
    return this.#controller.signal;
  }

  end(interruption: Interruption): void {
    this.#interruption = interruption;
    this.#controller?.abort(interruption.kind === "aborted" ? interruption.reason : attemptOver);
  }
}

// Made once: an Error for each would cost more than the abort.
const attemptOver = new Error("the attempt that these credentials are for is over");

const isThenable = <T>(value: T | Promise<T>): value is Promise<T> =>
  typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";

function isUnauthorized<T>(end: AttemptEnd<T>): end is Extract<AttemptEnd<T>, { kind: "failure" }> {
  return end.kind === "failure" && end.failure.status === 401 && end.failure.isElsewhere !== true;
}

/** The request with these credentials, but for those in whose place the call was given its own. */
export function withCredentials(request: PreparedRequest, given: Credentials, own: OwnHeaders): PreparedRequest {
  const isOwn = new Set(Object.keys(own ?? {}).map((name) => name.toLowerCase()));
  const headers = Object.entries(given.headers ?? {}).flatMap(([name, value]) =>
    isOwn.has(name.toLowerCase()) ? [] : [[name.toLowerCase(), value] as const],
  );
  const path = withQuery(request.path, given.query);
  if (headers.length === 0 && path === request.path) return request;
  return {
    ...request,
    path,
    headers: headers.length === 0 ? request.headers : { ...request.headers, ...Object.fromEntries(headers) },
    credentials: credentialNames(given),
    isSigned: given.isSignature === true,
  };
}
