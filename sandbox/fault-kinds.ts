import type { Fault } from "./faults.ts";

/**
 * When a kind of fault acts: `on-request` on each request that matches, `at-once` a single time when it is added,
 * `while-active` from when it is added until it is cleared or its `forMs` is over.
 */
export type Acts = "on-request" | "at-once" | "while-active";

/** What a field of a fault may hold. */
export interface FieldRule {
  readonly expects: string;
  readonly accepts: (value: unknown) => boolean;
  readonly required?: true;
  readonly default?: unknown;
}

/** When a kind of fault acts and which fields it takes. */
export interface KindRule {
  readonly acts: Acts;
  readonly fields: Readonly<Record<string, FieldRule>>;
}

/** The kinds of fault that a server knows. */
export type FaultKinds<F extends Fault> = Readonly<Record<F["kind"], KindRule>>;

/** A fault that was read from a request, or why it cannot be one. */
export type ParsedFault<F extends Fault> =
  | { readonly ok: true; readonly fault: F }
  | { readonly ok: false; readonly detail: string };

/** Reads a fault object; an unknown kind, an unknown field and a bad value each say what is allowed. */
export function parseFault<F extends Fault>(kinds: FaultKinds<F>, value: unknown): ParsedFault<F> {
  const rules: Readonly<Record<string, KindRule>> = kinds;
  const given: Record<string, unknown> = isRecord(value) ? value : {};
  const kind = given["kind"];
  const rule = typeof kind === "string" && Object.hasOwn(rules, kind) ? rules[kind] : undefined;
  if (typeof kind !== "string" || rule === undefined) {
    return { ok: false, detail: `"kind" must be one of: ${Object.keys(rules).join(", ")}.` };
  }

  const problems = [
    ...Object.keys(given)
      .filter((name) => name !== "kind" && !Object.hasOwn(rule.fields, name))
      .map((name) => `"${name}" is not a field of ${kind}`),
    ...Object.entries(rule.fields)
      .filter(([name, field]) => (name in given ? !field.accepts(given[name]) : field.required))
      .map(([name, field]) => `"${name}" must be ${field.expects}`),
  ];
  if (problems.length > 0) return { ok: false, detail: `${problems.join("; ")}. Allowed: ${allowed(rule)}.` };

  const defaults = Object.entries(rule.fields).flatMap(([name, field]) =>
    field.default === undefined ? [] : [[name, field.default] as const],
  );
  // The rules are the run-time form of F: what passed them is one.
  return { ok: true, fault: { kind, ...Object.fromEntries(defaults), ...given } as unknown as F };
}

function allowed(rule: KindRule): string {
  const fields = Object.entries(rule.fields).map(
    ([name, { expects, required, default: fallback }]) =>
      `${name} (${expects}${required ? ", required" : fallback === undefined ? "" : `, default ${JSON.stringify(fallback)}`})`,
  );
  return fields.length === 0 ? "no field but kind" : fields.join(", ");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isWhole = (value: unknown): value is number => typeof value === "number" && Number.isSafeInteger(value);

/** A whole number from `least` to `most`. */
export function whole(least: number, most: number, more: Partial<FieldRule> = {}): FieldRule {
  const accepts = (value: unknown): boolean => isWhole(value) && value >= least && value <= most;
  return { expects: `a whole number from ${least} to ${most}`, accepts, ...more };
}

/** A duration in milliseconds; a day is more than any test waits and less than what a timer can hold. */
export function milliseconds(more: Partial<FieldRule> = {}): FieldRule {
  return { ...whole(0, 86_400_000, more), expects: "milliseconds" };
}

/** A text, or what the pattern says. */
export function text(expects: string, pattern: RegExp, more: Partial<FieldRule> = {}): FieldRule {
  return { expects, accepts: (value) => typeof value === "string" && pattern.test(value), ...more };
}

/** Any JSON value. */
export const anything: FieldRule = { expects: "any JSON value", accepts: () => true };

/** True or false. */
export const flag: FieldRule = { expects: "true or false", accepts: (value) => typeof value === "boolean" };

/** How many requests, and which share of them, a fault of the kind `on-request` strikes. */
export const striking: Readonly<Record<string, FieldRule>> = {
  times: whole(1, 1_000_000_000),
  ratio: {
    expects: "a number from 0 to 1",
    accepts: (value) => typeof value === "number" && value >= 0 && value <= 1,
    default: 1,
  },
  seed: whole(0, 2 ** 32 - 1),
};

/** Which requests a fault strikes. */
export const matching: Readonly<Record<string, FieldRule>> = {
  path: text('a path that starts with "/"', /^\//),
  method: text("an HTTP method", /^[A-Za-z]+$/),
};
