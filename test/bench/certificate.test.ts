import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { makeCertificate } from "../../bench/certificate.ts";

test("a certificate is of 127.0.0.1, and vouches for itself", async () => {
  const certificate = new X509Certificate((await makeCertificate()).cert);
  expect(certificate.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(certificate.verify(certificate.publicKey)).toBe(true);
});

test("each is another", async () => {
  const [one, other] = await Promise.all([makeCertificate(), makeCertificate()]);
  expect(one.cert).not.toBe(other.cert);
});
