import { type CredentialsError, credentialsErrorOf } from "../../core/auth/credentials-error.ts";
import { checkedCredentials, withQuery } from "../../core/auth/given-credentials.ts";
import type { AttemptAuth, AuthOwner, AuthProvider, AuthRequest, Credentials } from "../../core/auth/provider.ts";
import { ServiceConfigurationError, ServiceUnavailableError } from "../../core/errors.ts";
import type { Secret } from "../../core/secret.ts";
import { type AttemptContext, unlessAborted } from "./per-attempt.ts";
import type { StreamName } from "./socket-errors.ts";

/** What credentials are put on. Header names are in lower case. */
export interface UpgradeTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Whose credentials, in errors. */
const whence = (name: string): string => `the auth provider ${name}`;

/** The credentials of one stream: asks its provider on each attempt, and for others where they were refused. */
export class StreamCredentials {
  readonly #provider: AttemptAuth | undefined;
  readonly #fixed: Credentials | undefined;
  readonly #owner: AuthOwner;
  /** What the last attempt went with; undefined where it went without, or with what cannot be renewed. */
  #last: { readonly given: Credentials; readonly request: AuthRequest } | undefined;

  /** Opens the provider, where it keeps something for each stream; no I/O. */
  constructor(auth: AuthProvider | undefined, apiKey: Secret | undefined, owner: AuthOwner) {
    this.#owner = owner;
    if (auth === undefined) {
      this.#fixed = apiKey === undefined ? undefined : { headers: { authorization: `Bearer ${apiKey.reveal()}` } };
    } else if ("credentials" in auth) this.#fixed = auth.credentials;
    else this.#provider = "open" in auth ? auth.open(owner) : auth;
  }

  /** Whether somebody has to be asked, which may take its time. */
  get isAsked(): boolean {
    return this.#provider !== undefined;
  }

  /**
   * The target with the credentials for this attempt. A header that it has already stays as it is, and so does a
   * parameter of its query.
   *
   * @throws ServiceUnavailableError `unavailable-no-credentials` where there are none; ServiceConfigurationError where
   * the request cannot be given any as it is; the signal's reason where that aborts first.
   */
  async authorize(target: UpgradeTarget, about: StreamName, context: AttemptContext): Promise<UpgradeTarget> {
    this.#last = undefined;
    const provider = this.#provider;
    if (provider === undefined) return withCredentials(target, this.#fixed ?? {});
    const request = this.#requestFor(target, context);
    try {
      const given = await unlessAborted(context.signal, () => provider.apply(request));
      const authorized = withCredentials(target, checkedCredentials(given, whence(provider.name)));
      if (authorized !== target) this.#last = { given, request };
      return authorized;
    } catch (thrown) {
      if (context.signal.aborted) throw thrown;
      throw failure(credentialsErrorOf(thrown, whence(provider.name)), about);
    }
  }

  /**
   * Told that the last attempt was refused for its credentials. Answers whether the next one would go with others; a
   * renewal that fails, or that the signal ends, is none.
   */
  async renew(signal: AbortSignal): Promise<boolean> {
    const last = this.#last;
    const provider = this.#provider;
    if (last === undefined || provider?.renew === undefined) return false;
    const request = { ...last.request, signal };
    try {
      // Called as a method of its provider, which may well be an object with a state.
      return (await unlessAborted(signal, () => provider.renew?.(last.given, request))) === true;
    } catch (error) {
      // The refusal is what the stream fails with; this is the reason why there was no other way.
      if (!signal.aborted) this.#owner.logger.warn({ err: error }, "other credentials could not be had");
      return false;
    }
  }

  /** Gives back what the provider holds. */
  async close(): Promise<void> {
    this.#last = undefined;
    await this.#provider?.close?.();
  }

  #requestFor({ url, headers }: UpgradeTarget, { attempt, signal }: AttemptContext): AuthRequest {
    const { host, protocol, pathname, search } = new URL(url);
    return {
      method: "GET",
      // The upgrade is an HTTP request, and whoever signs it, or has tokens for each origin, knows that by this name.
      origin: `${protocol === "wss:" ? "https:" : "http:"}//${host}`,
      path: pathname + search,
      headers,
      // Not undefined, which is a stream that cannot be signed: there is no body, and its digest is that of nothing.
      body: "",
      attempt,
      signal,
      clock: this.#owner.clock,
    };
  }
}

/** The same object where nothing was added. */
function withCredentials(target: UpgradeTarget, { headers = {}, query }: Credentials): UpgradeTarget {
  const added = Object.entries(headers).flatMap(([name, value]) =>
    Object.hasOwn(target.headers, name.toLowerCase()) ? [] : [[name.toLowerCase(), value] as const],
  );
  const url = withQuery(target.url, query);
  if (added.length === 0 && url === target.url) return target;
  return { url, headers: { ...target.headers, ...Object.fromEntries(added) } };
}

function failure(
  error: CredentialsError,
  { service, operation }: StreamName,
): ServiceUnavailableError | ServiceConfigurationError {
  const { kind, message, retryAfterMs, cause } = error;
  if (kind === "misuse") return new ServiceConfigurationError(service, [`auth: ${message}`]);
  return new ServiceUnavailableError("no-credentials", {
    service,
    operation,
    phase: "auth",
    outcome: "not-sent",
    retryable: kind === "transient",
    retryAfterMs,
    cause,
    detail: `no credentials: ${message}`,
  });
}
