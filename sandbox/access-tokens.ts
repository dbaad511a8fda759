import { randomUUID } from "node:crypto";

/** What `GET /__tokens` answers. */
export interface TokenReport {
  /** Tokens ever given. */
  readonly issued: number;
  /** Tokens that are good now. */
  readonly active: number;
  /** How long the next token lives, in seconds; `null`: the answer does not say, and it lives until it is revoked. */
  readonly expiresIn: number | null;
  /** The requests at the token endpoint whose body was read. */
  readonly requests: number;
}

/** The access tokens that the token endpoint gives and the payment gateway takes. */
export class AccessTokens {
  /** Seconds. */
  expiresIn: number | null = 3600;
  readonly #expiries = new Map<string, number>();
  #issued = 0;

  get issued(): number {
    return this.#issued;
  }

  get active(): number {
    const now = Date.now();
    return [...this.#expiries.values()].filter((expiresAt) => now < expiresAt).length;
  }

  issue(): string {
    const token = `sandbox-token-${++this.#issued}-${randomUUID()}`;
    const livesMs = this.expiresIn === null ? Number.POSITIVE_INFINITY : this.expiresIn * 1000;
    this.#expiries.set(token, Date.now() + livesMs);
    return token;
  }

  /** Whether an `Authorization` header carries a token that was given, has not passed away and was not revoked. */
  isGood(authorization: string | undefined): boolean {
    const [scheme = "", token = ""] = (authorization ?? "").split(" ");
    return scheme.toLowerCase() === "bearer" && Date.now() < (this.#expiries.get(token) ?? 0);
  }

  revokeAll(): void {
    this.#expiries.clear();
  }
}
