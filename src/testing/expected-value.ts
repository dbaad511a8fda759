import { isDeepStrictEqual } from "node:util";
import { isSecretField } from "../core/redact.ts";
import { partOf } from "./contains.ts";

/** A place within a value where it is not what was expected. */
export interface Misfit {
  /** Where: `.to.name`, `[2]`; empty for the value as a whole. */
  readonly place: string;
  readonly expected: unknown;
  readonly actual: unknown;
  /** The place has the name of a credential: neither value is to be shown. */
  readonly isSecret: boolean;
}

/** Whether a text is what was expected, where "the very same" is not the question. */
export type TextCheck = (expected: string, actual: unknown) => boolean;

/** Stands for more in an expected value: a matcher of vitest, jest or another, such as `expect.any(String)`. */
interface Matcher {
  asymmetricMatch(actual: unknown): boolean;
}

interface Walk {
  readonly place: string;
  readonly isSecret: boolean;
  /** What is not named need not be absent. */
  readonly isPart: boolean;
  readonly isSameText: TextCheck | undefined;
}

/**
 * Where a value is not what was expected; empty where it is. Wherever they stand in what is expected, a pattern tests a
 * text, a function decides, `contains` asks for a part, a matcher of a test runner says for itself, and a date is what
 * JSON makes of it. A field that is `undefined` must be absent.
 */
export function misfitsOf(expected: unknown, actual: unknown, isSameText?: TextCheck): readonly Misfit[] {
  return walk(expected, actual, { place: "", isSecret: false, isPart: false, isSameText });
}

/** Whether a value is what was expected. */
export function isExpected(expected: unknown, actual: unknown): boolean {
  return misfitsOf(expected, actual).length === 0;
}

function walk(expected: unknown, actual: unknown, at: Walk): readonly Misfit[] {
  const misfit = (): readonly Misfit[] => [{ place: at.place, expected, actual, isSecret: at.isSecret }];
  const part = partOf(expected);
  if (part !== undefined) return walk(part.value, actual, { ...at, isPart: true });
  if (Array.isArray(expected)) return Array.isArray(actual) ? itemMisfits(expected, actual, at) : misfit();
  if (isPlain(expected)) return isPlain(actual) ? fieldMisfits(expected, actual, at) : misfit();
  return isFit(expected, actual, at) ? [] : misfit();
}

function isFit(expected: unknown, actual: unknown, at: Walk): boolean {
  const isThere = actual !== undefined || at.place === "";
  if (typeof expected === "function") return isThere && Boolean((expected as (actual: unknown) => unknown)(actual));
  // A copy: one that is global or sticky remembers where it was.
  if (expected instanceof RegExp) return typeof actual === "string" && new RegExp(expected).test(actual);
  if (typeof expected === "string" && at.isSameText !== undefined) return at.isSameText(expected, actual);
  if (hasJson(expected)) return isDeepStrictEqual(expected.toJSON(), actual);
  return isMatcher(expected) ? expected.asymmetricMatch(actual) : isDeepStrictEqual(expected, actual);
}

function itemMisfits(expected: readonly unknown[], actual: readonly unknown[], at: Walk): readonly Misfit[] {
  if (at.isPart ? actual.length < expected.length : actual.length !== expected.length) {
    const lengths = { expected: expected.length, actual: actual.length };
    return [{ place: `${at.place}.length`, ...lengths, isSecret: at.isSecret }];
  }
  return expected.flatMap((one, index) => walk(one, actual[index], { ...at, place: `${at.place}[${index}]` }));
}

function fieldMisfits(expected: Fields, actual: Fields, at: Walk): readonly Misfit[] {
  const others = at.isPart ? [] : Object.keys(actual).filter((name) => !Object.hasOwn(expected, name));
  return [...Object.keys(expected), ...others].flatMap((name) => {
    const place = /^[a-z_$][\w$]*$/i.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
    const own = (fields: Fields): unknown => (Object.hasOwn(fields, name) ? fields[name] : undefined);
    const isSecret = at.isSecret || isSecretField(name);
    return walk(own(expected), own(actual), { ...at, place: at.place + place, isSecret });
  });
}

type Fields = Readonly<Record<string, unknown>>;

/** What JSON and forms are made of; anything else with fields is compared as a whole. */
function isPlain(value: unknown): value is Fields {
  if (typeof value !== "object" || value === null || isMatcher(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** Whether this is a matcher of a test runner, which says for itself what it accepts. */
export function isMatcher(value: unknown): value is Matcher {
  return typeof value === "object" && value !== null && "asymmetricMatch" in value;
}

function hasJson(value: unknown): value is { toJSON(): unknown } {
  return typeof value === "object" && value !== null && "toJSON" in value && typeof value.toJSON === "function";
}
