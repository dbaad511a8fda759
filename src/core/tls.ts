import { createSecureContext, type SecureContextOptions } from "node:tls";
import type { OptionReader } from "./options.ts";

/** TLS settings of the connections to one service, as Node's `tls.connect` takes them. */
export interface TlsOptions {
  readonly ca?: string | Buffer | readonly (string | Buffer)[] | undefined;
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  /** @defaultValue true. `false` lets anybody be the service: for tests alone. */
  readonly rejectUnauthorized?: boolean | undefined;
}

// Kept once, and not in each of thousands of services.
const ordinary: TlsOptions = {};

/** Reads `tls`; material that OpenSSL cannot use is a problem now, not at the first connection. */
export function readTls(reader: OptionReader): TlsOptions {
  const nested = reader.nested("tls");
  if (nested === undefined) return ordinary;
  const material = { ca: nested.any("ca"), cert: nested.any("cert"), key: nested.any("key") };
  if ((material.cert === undefined) !== (material.key === undefined)) {
    reader.problem(
      "tls.cert and tls.key go together: a certificate that is shown needs its key, and a key its certificate",
    );
  }
  // OpenSSL passes over what is no certificate here, and no peer would be trusted any more.
  if (material.ca !== undefined && !authorities(material.ca)) {
    reader.problem("tls.ca must hold certificates in PEM: the content of the file, not its path");
  }
  const rejectUnauthorized = nested.boolean("rejectUnauthorized", true);
  nested.rejectUnknown();
  // Node takes an option that is there and undefined for one that is wrong.
  const given = Object.fromEntries(Object.entries(material).filter(([, value]) => value !== undefined)) as TlsOptions;
  try {
    createSecureContext(given as SecureContextOptions);
  } catch (error) {
    // Node and OpenSSL name the option or the place in the PEM, not what stands there.
    reader.problem(`tls.ca, cert or key cannot be used: ${error instanceof Error ? error.message : "unknown reason"}`);
  }
  return { ...given, rejectUnauthorized };
}

function authorities(ca: unknown): boolean {
  const all: readonly unknown[] = Array.isArray(ca) ? ca : [ca];
  // What is neither text nor bytes, createSecureContext refuses.
  const isPem = (one: unknown): boolean =>
    typeof one === "string" || Buffer.isBuffer(one) ? one.includes("-----BEGIN ") : true;
  return all.length > 0 && all.every(isPem);
}
