import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A certificate with its key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  readonly ca: string;
  /** Signed by `ca`, for 127.0.0.1 and localhost. */
  readonly server: Certificate;
  /** Signed by `ca`, for another host. */
  readonly elsewhere: Certificate;
  /** Signed by `ca`, for a client. */
  readonly client: Certificate;
}

/** Certificates made for one run, by the `openssl` of the machine; throws where there is none. */
export async function makeCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), "hawser-tls-"));
  const file = (name: string): string => join(folder, name);
  try {
    const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    await run("openssl", [
      "req",
      "-x509",
      ...newKey,
      "-keyout",
      file("ca.key"),
      "-out",
      file("ca.crt"),
      "-subj",
      "/CN=Test CA",
      "-days",
      "2",
    ]);
    const signed = async (name: string, subjectAltName: string): Promise<Certificate> => {
      await writeFile(file(`${name}.ext`), `subjectAltName=${subjectAltName}\n`);
      await run("openssl", [
        "req",
        ...newKey,
        "-keyout",
        file(`${name}.key`),
        "-out",
        file(`${name}.csr`),
        "-subj",
        `/CN=${name}`,
      ]);
      await run("openssl", [
        "x509",
        "-req",
        "-in",
        file(`${name}.csr`),
        "-CA",
        file("ca.crt"),
        "-CAkey",
        file("ca.key"),
        "-CAcreateserial",
        "-out",
        file(`${name}.crt`),
        "-days",
        "2",
        "-extfile",
        file(`${name}.ext`),
      ]);
      return { cert: await readFile(file(`${name}.crt`), "utf8"), key: await readFile(file(`${name}.key`), "utf8") };
    };
    const server = await signed("server", "IP:127.0.0.1,DNS:localhost");
    const elsewhere = await signed("elsewhere", "DNS:elsewhere.test");
    const client = await signed("client", "DNS:client.test");
    return { ca: await readFile(file("ca.crt"), "utf8"), server, elsewhere, client };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
