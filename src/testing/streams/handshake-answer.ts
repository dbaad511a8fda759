import { headerProblem } from "../../core/headers.ts";

/** How a far socket answers an upgrade request. */
export interface FarAcceptOptions {
  /** One of those that the client offers. @defaultValue the first that it offers; `""` for none */
  readonly protocol?: string | undefined;
  /** Of the answer, beside those of the handshake. @defaultValue none */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** What is wrong with an acceptance, whatever the client offers. */
export function acceptProblems({ protocol, headers = {}, ...others }: FarAcceptOptions): string[] {
  return [
    ...Object.keys(others).map((name) => `accept: unknown option ${name}; known are protocol, headers`),
    ...(protocol === undefined || typeof protocol === "string" ? [] : ["accept: the protocol must be text"]),
    ...headerProblems(headers),
  ];
}

/** What is wrong with a refusal. */
export function refusalProblems(status: unknown, headers: Readonly<Record<string, string>>): string[] {
  const isStatus = typeof status === "number" && Number.isInteger(status) && status >= 200 && status <= 599;
  return [
    ...(isStatus ? [] : [`refuse: the status must be a whole number from 200 to 599, not ${String(status)}`]),
    ...headerProblems(headers),
  ];
}

function headerProblems(headers: unknown): string[] {
  if (typeof headers !== "object" || headers === null) return ["the headers must be an object"];
  return Object.entries(headers).flatMap(([name, value]) => headerProblem(name, value) ?? []);
}
