import type { ProblemDetails } from "../core/errors.ts";
import { type AnswerHeaders, headerOf } from "./answer.ts";

const textMembers = ["type", "title", "detail", "instance"] as const;

/**
 * The problem document (RFC 9457) that an error's parsed body is, or undefined where it is none. A member of a type
 * that it must not have is left out, as section 3.1 demands; extensions stay as they are.
 */
export function problemOf(headers: AnswerHeaders, body: unknown): ProblemDetails | undefined {
  // With parameters or without: the type registers none, but servers add a charset all the same.
  const isProblem = /^application\/problem\+json\s*(?:;|$)/i.test(headerOf(headers, "content-type")?.trim() ?? "");
  if (!isProblem || typeof body !== "object" || body === null || Array.isArray(body)) return undefined;
  const members: Record<string, unknown> = { ...body };
  for (const name of textMembers) if (typeof members[name] !== "string") delete members[name];
  const { status } = members;
  const isStatus = Number.isInteger(status) && (status as number) >= 100 && (status as number) <= 599;
  if (!isStatus) delete members["status"];
  return members;
}
