import type { AnswerHeaders } from "../rest/answer.ts";
import { prettyJson } from "./json-text.ts";
import { visibleLines } from "./visible.ts";

/** An answer for a terminal: JSON indented, other text as it is, undefined for what is no text. */
export function answerText(body: Uint8Array, contentType: string | undefined): string | undefined {
  if (body.byteLength === 0) return "";
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
  if (text.includes("\0")) return undefined;
  const isJson = contentType === undefined || /json/i.test(contentType);
  return ended(visibleLines((isJson ? prettyJson(text) : undefined) ?? text));
}

/** The body of an answer that an error holds: parsed already where it was JSON, which is then a line of its own. */
export function bodyText(body: unknown, isTerminal: boolean): string {
  if (typeof body !== "string") return ended(JSON.stringify(body, undefined, isTerminal ? 2 : undefined) ?? "");
  return isTerminal ? ended(visibleLines(body)) : body;
}

/** Status and headers as lines, in the order in which they came. */
export function headLines(status: number, words: string | undefined, headers: AnswerHeaders): string[] {
  const fields = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((one) => visibleLines(`${name}: ${one}`)),
  );
  return [words === undefined ? String(status) : `${status} ${words}`, ...fields];
}

const ended = (text: string): string => (text === "" || text.endsWith("\n") ? text : `${text}\n`);
