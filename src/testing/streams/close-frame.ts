/** What is wrong with a Close frame (RFC 6455, sections 5.5 and 7.4.1). */
export function closeProblems(code: unknown, reason: unknown): string[] {
  const isCode = typeof code === "number" && Number.isInteger(code) && code >= 1000 && code <= 4999;
  const isSendable = isCode && (code < 1015 ? ![1004, 1005, 1006].includes(code) : code >= 3000);
  const isReason = typeof reason === "string" && Buffer.byteLength(reason) <= 123;
  return [
    ...(isSendable ? [] : [`close: ${String(code)} is no code that may be sent (1000 to 1014, 3000 to 4999)`]),
    ...(isReason ? [] : ["close: the reason must be text of not more than 123 bytes"]),
  ];
}
