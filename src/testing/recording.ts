import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { ServiceConfigurationError } from "../core/errors.ts";
import { type MockFault, mockFaults } from "./faults.ts";
import { isRecord, isRecordedBody, type RecordedBody } from "./recorded-body.ts";

/** A request in a recording, with no secret in it. */
export interface RecordedRequest {
  readonly method: string;
  /** Origin, path and query. */
  readonly url: string;
  /** Those by which it is told from others. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: RecordedBody | undefined;
}

/** An answer in a recording: its body is decoded, and its headers are without those of one connection or moment. */
export interface RecordedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: RecordedBody | undefined;
  /** The connection broke after what is there of the body. */
  readonly cut?: "reset" | "close" | undefined;
  /** The client left after what is there of the body. */
  readonly staysOpen?: true | undefined;
}

/** One request, and what came of it. */
export type Interaction = { readonly request: RecordedRequest } & (
  | { readonly answer: RecordedAnswer }
  | { readonly fault: MockFault }
);

/** What a file holds. */
export interface Recording {
  readonly recordedAt: string;
  readonly interactions: readonly Interaction[];
}

const format = "hawser-cassette/1";

/** @throws ServiceConfigurationError where the file cannot be read, or holds something else. */
export function readRecording(file: string): Recording {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    const why =
      code === "ENOENT" ? 'does not exist: record it first, with mode: "record"' : `cannot be read (${String(code)})`;
    throw refusal(file, why);
  }
  return parseRecording(file, text);
}

/** @throws ServiceConfigurationError that says what of it is no recording. */
export function parseRecording(file: string, text: string): Recording {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw refusal(file, `is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isRecord(value) || value.format !== format) {
    throw refusal(file, `is no cassette: its format must be ${JSON.stringify(format)}`);
  }
  const { recordedAt, interactions } = value;
  if (typeof recordedAt !== "string" || Number.isNaN(Date.parse(recordedAt))) {
    throw refusal(file, "has no date in recordedAt");
  }
  if (!Array.isArray(interactions)) throw refusal(file, "has no list of interactions");
  for (const [index, interaction] of interactions.entries()) {
    const problem = interactionProblem(interaction);
    if (problem !== undefined) throw refusal(file, `interactions[${index}]${problem}`);
  }
  return { recordedAt, interactions: interactions as Interaction[] };
}

/** The text of a file: the same recording is the same text. */
export function formatRecording({ recordedAt, interactions }: Recording): string {
  return `${JSON.stringify({ format, recordedAt, interactions }, null, 2)}\n`;
}

/** Writes it as a whole or not at all. */
export function writeRecording(file: string, recording: Recording): void {
  mkdirSync(dirname(file), { recursive: true });
  const half = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(half, formatRecording(recording));
    renameSync(half, file);
  } catch (error) {
    rmSync(half, { force: true });
    throw error;
  }
}

function interactionProblem(value: unknown): string | undefined {
  if (!isRecord(value) || !isRecord(value.request)) return ".request is missing";
  const { request, answer, fault } = value;
  if (typeof request.method !== "string") return ".request.method must be text";
  if (typeof request.url !== "string" || !URL.canParse(request.url)) return ".request.url must be a URL";
  if (!isRecordedBody(request.body)) return ".request.body must have one of json, text, lines, base64";
  if (fault !== undefined) {
    return mockFaults.includes(fault as MockFault) ? undefined : `.fault must be one of ${mockFaults.join(" | ")}`;
  }
  if (!isRecord(answer)) return " has neither answer nor fault";
  const { status, headers, body } = answer;
  if (!(Number.isInteger(status) && (status as number) >= 200 && (status as number) <= 599)) {
    return ".answer.status must be from 200 to 599";
  }
  if (!isRecord(headers)) return ".answer.headers must be an object";
  return isRecordedBody(body) ? undefined : ".answer.body must have one of json, text, lines, base64";
}

function refusal(file: string, problem: string): ServiceConfigurationError {
  return new ServiceConfigurationError("cassette", [`${file} ${problem}`]);
}
