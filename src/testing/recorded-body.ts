import { isUtf8 } from "node:buffer";

/** A body in a recording, in the form that reads best. */
export type RecordedBody =
  | { readonly json: unknown }
  | { readonly text: string }
  /** Text of several lines, one by one. */
  | { readonly lines: readonly string[] }
  | { readonly base64: string };

/** How a body is recorded; undefined where there is none. */
export function recordedBody(bytes: Uint8Array): RecordedBody | undefined {
  if (bytes.byteLength === 0) return undefined;
  // U+0000 is UTF-8 and nothing that anybody wants to read.
  if (!isUtf8(bytes) || bytes.includes(0)) return { base64: Buffer.from(bytes).toString("base64") };
  const text = Buffer.from(bytes).toString();
  const json = faithfulJson(text);
  if (json !== undefined) return json;
  return text.includes("\n") ? { lines: text.split("\n") } : { text };
}

/** The bytes of a recorded body. */
export function bytesOf(body: RecordedBody | undefined): Uint8Array {
  if (body === undefined) return new Uint8Array();
  if ("json" in body) return Buffer.from(JSON.stringify(body.json));
  if ("text" in body) return Buffer.from(body.text);
  return "lines" in body ? Buffer.from(body.lines.join("\n")) : Buffer.from(body.base64, "base64");
}

/** Whether this is a body as it stands in a file. */
export function isRecordedBody(value: unknown): value is RecordedBody | undefined {
  if (value === undefined) return true;
  if (!isRecord(value)) return false;
  const { json, text, lines, base64 } = value;
  return (
    json !== undefined ||
    typeof text === "string" ||
    typeof base64 === "string" ||
    (Array.isArray(lines) && lines.every((line) => typeof line === "string"))
  );
}

/**
 * As JSON, where nothing is lost by that but the space between its values and how a text is escaped: a number of 20
 * digits would be another.
 */
function faithfulJson(text: string): { readonly json: unknown } | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    const json: unknown = JSON.parse(text);
    const plain = text.replaceAll(/("(?:[^"\\]|\\.)*")|\s+/g, (_all, word: string | undefined) =>
      word === undefined ? "" : JSON.stringify(JSON.parse(word)),
    );
    return JSON.stringify(json) === plain ? { json } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether this is an object with names. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
