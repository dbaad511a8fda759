import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** In PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/**
 * A certificate of 127.0.0.1 that vouches for itself, made for one run: none that is kept could ever leak or expire.
 *
 * @throws Error where the program `openssl` (1.1.1 or later) is not there or fails.
 */
export async function makeCertificate(): Promise<Certificate> {
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  try {
    const { stdout } = await run("openssl", [...args, ...names, "-keyout", "-", "-out", "-"], { timeout: 30_000 });
    return { cert: part(stdout, "CERTIFICATE"), key: part(stdout, "PRIVATE KEY") };
  } catch (cause) {
    throw new Error("no certificate for the workloads over TLS: is the program openssl installed?", { cause });
  }
}

function part(pem: string, name: string): string {
  const found = new RegExp(`-----BEGIN ${name}-----[^-]+-----END ${name}-----`).exec(pem)?.[0];
  if (found === undefined) throw new Error(`openssl wrote no ${name}`);
  return `${found}\n`;
}
