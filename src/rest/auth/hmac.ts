import { createHash, createHmac } from "node:crypto";
import { headerProblem } from "../../core/headers.ts";
import { OptionReader } from "../../core/options.ts";
import type { Secret } from "../../core/secret.ts";
import { CredentialsError } from "../../core/auth/credentials-error.ts";
import type { AttemptAuth, AuthRequest } from "../../core/auth/provider.ts";

/** What a request is signed over. */
export interface SignedParts {
  readonly method: string;
  /** Without the query, encoded as on the wire. */
  readonly path: string;
  /** Encoded as on the wire, without the question mark; empty where there is none. */
  readonly query: string;
  /** As it stands in the timestamp header. */
  readonly timestamp: string;
  /** SHA-256 of the body in lower-case hex, also where the body is empty. */
  readonly bodyDigest: string;
  readonly body: string | Uint8Array;
  readonly origin: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** How requests are signed. */
export interface HmacOptions {
  readonly key: string | Secret;
  /** Which key it is, for a service with several; sent in `keyIdHeader`. @defaultValue none */
  readonly keyId?: string | undefined;
  /** @defaultValue "sha256" */
  readonly algorithm?: "sha256" | "sha384" | "sha512" | undefined;
  /** @defaultValue "hex" */
  readonly encoding?: "hex" | "base64" | "base64url" | undefined;
  /** Stands before the signature: `sha256=`. @defaultValue "" */
  readonly prefix?: string | undefined;
  /** @defaultValue "x-signature" */
  readonly signatureHeader?: string | undefined;
  /** @defaultValue "x-timestamp" */
  readonly timestampHeader?: string | undefined;
  /** @defaultValue "x-key-id" */
  readonly keyIdHeader?: string | undefined;
  /** Since 1970, or as `2026-01-31T12:00:00.000Z`. @defaultValue "seconds" */
  readonly timestamp?: "seconds" | "milliseconds" | "iso" | undefined;
  /**
   * The text that is signed. @defaultValue method, path, query, timestamp and body digest, with a line feed (`\n`)
   * between each two
   */
  readonly canonical?: ((parts: SignedParts) => string) | undefined;
}

/**
 * Signs every attempt with a shared key. The signature covers method, path, query, time and body, so none of them can
 * be changed on the way; each attempt is signed anew, with the time of its own.
 *
 * A body that is a stream cannot be signed: such a call fails with nothing sent.
 *
 * @throws ServiceConfigurationError with every problem at once.
 */
export function hmac(options: HmacOptions): AttemptAuth {
  const reader = new OptionReader("hmac", options);
  const key = reader.secret("key");
  if (!reader.isGiven("key")) reader.problem("key is required");
  const keyId = reader.any("keyId") === undefined ? undefined : reader.string("keyId", "");
  const algorithm = reader.oneOf("algorithm", ["sha256", "sha384", "sha512"], "sha256");
  const encoding = reader.oneOf("encoding", ["hex", "base64", "base64url"], "hex");
  const prefix = reader.string("prefix", "");
  const unit = reader.oneOf("timestamp", ["seconds", "milliseconds", "iso"], "seconds");
  const canonical = reader.function<(parts: SignedParts) => string>("canonical") ?? canonicalText;
  const header = (name: string, fallback: string, value: string): string => {
    const given = reader.string(name, fallback);
    const problem = headerProblem(given, value);
    if (problem !== undefined) reader.problem(`${name}: ${problem}`);
    return given.toLowerCase();
  };
  const signatureHeader = header("signatureHeader", "x-signature", prefix);
  const timestampHeader = header("timestampHeader", "x-timestamp", "");
  const keyIdHeader = header("keyIdHeader", "x-key-id", keyId ?? "");
  if (new Set([signatureHeader, timestampHeader, keyIdHeader]).size < 3) {
    reader.problem("signatureHeader, timestampHeader and keyIdHeader must be three different headers");
  }
  reader.finish();

  return {
    name: "hmac",
    apply(request) {
      const timestamp = timestampOf(request.clock.wallNow(), unit);
      const text: unknown = canonical(partsOf(request, timestamp));
      if (typeof text !== "string") throw new CredentialsError("canonical of hmac must give a string", misuse);
      const signature = createHmac(algorithm, key?.reveal() ?? "")
        .update(text)
        .digest(encoding);
      return {
        headers: {
          [timestampHeader]: timestamp,
          ...(keyId === undefined ? {} : { [keyIdHeader]: keyId }),
          [signatureHeader]: prefix + signature,
        },
        isSignature: true,
      };
    },
  };
}

const misuse = { kind: "misuse" } as const;

function canonicalText({ method, path, query, timestamp, bodyDigest }: SignedParts): string {
  return [method, path, query, timestamp, bodyDigest].join("\n");
}

function partsOf({ method, path: full, origin, headers, body }: AuthRequest, timestamp: string): SignedParts {
  if (body === undefined) {
    throw new CredentialsError("hmac cannot sign a body that is a stream: give it as bytes or text", misuse);
  }
  const start = full.indexOf("?");
  const path = start === -1 ? full : full.slice(0, start);
  const query = start === -1 ? "" : full.slice(start + 1);
  const bodyDigest = createHash("sha256").update(body).digest("hex");
  return { method, path, query, timestamp, bodyDigest, body, origin, headers };
}

function timestampOf(wallNow: number, unit: "seconds" | "milliseconds" | "iso"): string {
  if (unit === "iso") return new Date(wallNow).toISOString();
  return String(unit === "seconds" ? Math.floor(wallNow / 1000) : Math.floor(wallNow));
}
