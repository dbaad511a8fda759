import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import { makeCertificate } from "../../bench/certificate.ts";

test("a certificate is of 127.0.0.1, and vouches for itself", () => {
  const certificate = new X509Certificate(makeCertificate().cert);
  expect(certificate.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(certificate.verify(certificate.publicKey)).toBe(true);
});

test("each is another", () => {
  expect(makeCertificate().cert).not.toBe(makeCertificate().cert);
});
