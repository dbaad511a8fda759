import { onOneVisibleLine } from "./visible.ts";

/** One message of a stream on one line, whatever is in it; `json`: as JSON, bytes as `{"base64":"…"}`. */
export function messageLine(message: unknown, form: "text" | "json"): string {
  if (form === "json") return jsonLine(message);
  if (typeof message === "string") return onOneVisibleLine(message);
  if (message instanceof Uint8Array) {
    return (
      textOf(message) ??
      `${message.byteLength} bytes ${Buffer.from(message.subarray(0, 32)).toString("hex")}${message.byteLength > 32 ? "…" : ""}`
    );
  }
  return onOneVisibleLine(stringified(message));
}

function jsonLine(message: unknown): string {
  if (message instanceof Uint8Array) return JSON.stringify({ base64: Buffer.from(message).toString("base64") });
  if (typeof message !== "string") return stringified(message);
  return isJson(message) ? message.replaceAll(/[\r\n]/g, " ").trim() : JSON.stringify(message);
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return onOneVisibleLine(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A codec may make anything of a message: a BigInt ends `JSON.stringify`, and must not end the output. */
const stringified = (message: unknown): string =>
  JSON.stringify(message, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value)) ??
  String(message);
