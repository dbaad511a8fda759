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

/** Reads `tls`; material that OpenSSL cannot use is a problem now, not at the first connection. */
export function readTls(reader: OptionReader): TlsOptions {
  const nested = reader.nested("tls");
  if (nested === undefined) return {};
  const material = { ca: nested.any("ca"), cert: nested.any("cert"), key: nested.any("key") };
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
