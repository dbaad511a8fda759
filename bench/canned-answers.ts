// What the server answers with, and what the clients check that they got.

const item = { id: "pay_8f3a61c0", status: "settled", amount: 1250, currency: "EUR", tags: ["card", "web"] };

/**
 * JSON of exactly so many bytes: a list of payments, and a note that fills it up.
 *
 * @param bytes - from 150.
 */
export function jsonOfSize(bytes: number): string {
  const withItems = (count: number, note: string): string =>
    JSON.stringify({ items: Array.from({ length: count }, () => item), isLast: true, note });
  const empty = withItems(0, "").length;
  const each = withItems(2, "").length - withItems(1, "").length;
  const count = Math.floor((bytes - empty) / each);
  if (count < 1) throw new RangeError(`no answer has ${bytes} bytes`);
  return withItems(count, "x".repeat(bytes - withItems(count, "").length));
}

/** A whole answer of HTTP/1.1, with the headers that most services send. */
export function httpAnswer(body: string): Buffer {
  return Buffer.from(
    [
      "HTTP/1.1 200 OK",
      "date: Tue, 03 Nov 2026 10:00:00 GMT",
      "content-type: application/json; charset=utf-8",
      `content-length: ${Buffer.byteLength(body)}`,
      "cache-control: no-store",
      "x-request-id: 6f1d2c0e-53a9-4a52-9a52-0b8f6a1d9f11",
      "connection: keep-alive",
      "keep-alive: timeout=120",
      "",
      body,
    ].join("\r\n"),
  );
}
