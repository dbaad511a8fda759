import { ServiceConfigurationError } from "./errors.ts";
import { Secret } from "./secret.ts";

/**
 * Under this key an options object may say where its options come from, as a map from their names to their origins. A
 * symbol, so that a class which hands on all options hands it on too, and nobody takes it for an option.
 */
export const optionSources: unique symbol = Symbol.for("hawser.option-sources");

/**
 * Where the value of an option comes from: the library, the registry's `defaults`, the code that made the service, or a
 * variable.
 */
export type OptionOrigin = "default" | "registry" | "definition" | `environment: ${string}`;

/**
 * Reads an options object, collects everything that is wrong with it, and throws it all at once.
 *
 * `undefined` counts as not given. An option that nobody reads is unknown, and that is an error: a misspelt limit
 * must not be a limit that silently does not hold.
 */
export class OptionReader {
  readonly #service: string;
  readonly #options: Readonly<Record<string, unknown>>;
  readonly #prefix: string;
  readonly #known = new Set<string>();
  readonly #problems: string[];
  /** Full names of the options that were given, of this object and of those within it. */
  readonly #given: Set<string>;

  constructor(
    service: string,
    options: unknown,
    prefix = "",
    problems: string[] = [],
    given: Set<string> = new Set<string>(),
  ) {
    this.#service = service;
    this.#prefix = prefix;
    this.#problems = problems;
    this.#given = given;
    const isObject = typeof options === "object" && options !== null && !Array.isArray(options);
    this.#options = isObject ? (options as Record<string, unknown>) : {};
    if (!isObject) this.problem(`${prefix.slice(0, -1) || "the options"} must be an object, not ${nameOf(options)}`);
  }

  problem(text: string): void {
    this.#problems.push(text);
  }

  /** True where the option was given by the user, so that a contradiction can be blamed on what they wrote. */
  isGiven(name: string): boolean {
    return this.#options[name] !== undefined;
  }

  /** The value as it is, for what the caller checks itself. */
  any(name: string): unknown {
    this.#known.add(name);
    const value = this.#options[name];
    if (value !== undefined) this.#given.add(this.#prefix + name);
    return value;
  }

  /** Tells, once all options were read, where the value of each comes from: `retry.maxRetries`. */
  origins(): (option: string) => OptionOrigin {
    const sources = (this.#options as { [optionSources]?: ReadonlyMap<string, OptionOrigin> })[optionSources];
    return (option) => {
      const source = sources?.get(option);
      if (source !== undefined) return source;
      if (!this.#given.has(option)) return "default";
      const [outer = ""] = option.split(".", 1);
      return sources?.get(outer) ?? "definition";
    };
  }

  /** A number within [min, max]; whole where `whole`. Durations are milliseconds. */
  number<D extends number | undefined>(
    name: string,
    fallback: D,
    range: { readonly min: number; readonly max?: number; readonly whole?: boolean },
  ): number | D {
    const value = this.any(name);
    if (value === undefined) return fallback;
    const { min, max = Number.POSITIVE_INFINITY, whole = false } = range;
    const fits =
      typeof value === "number" &&
      value >= min &&
      value <= max &&
      (!whole || Number.isInteger(value) || value === Number.POSITIVE_INFINITY);
    if (fits) return value;
    const bounds = max === Number.POSITIVE_INFINITY ? `of at least ${min}` : `from ${min} to ${max}`;
    this.#mismatch(name, `a ${whole ? "whole " : ""}number ${bounds}`, value);
    return fallback;
  }

  boolean(name: string, fallback: boolean): boolean {
    return this.#typed(name, "boolean", fallback);
  }

  string(name: string, fallback: string): string {
    return this.#typed(name, "string", fallback);
  }

  oneOf<const V extends string>(name: string, allowed: readonly V[], fallback: V): V {
    const value = this.any(name);
    if (value === undefined) return fallback;
    const found = allowed.find((one) => one === value);
    if (found === undefined) this.#mismatch(name, `one of ${allowed.join(" | ")}`, value);
    return found ?? fallback;
  }

  // A function's type cannot be checked here, so the caller names the one it expects.
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  function<F extends (...args: never[]) => unknown>(name: string): F | undefined {
    const value = this.any(name);
    if (value === undefined || typeof value === "function") return value as F | undefined;
    this.#mismatch(name, "a function", value);
    return undefined;
  }

  /** An object with these methods: a logger, a clock, a dispatcher. */
  withMethods<T>(name: string, methods: readonly (keyof T & string)[]): T | undefined {
    const value = this.any(name);
    if (value === undefined) return undefined;
    const has = (method: string): boolean =>
      typeof value === "object" && value !== null && typeof (value as Record<string, unknown>)[method] === "function";
    if (methods.every(has)) return value as T;
    this.#mismatch(name, `an object with ${methods.map((method) => `${method}()`).join(", ")}`, value);
    return undefined;
  }

  secret(name: string): Secret | undefined {
    const value = this.any(name);
    if (value === undefined) return undefined;
    if (value instanceof Secret) return value;
    if (typeof value === "string" && value !== "") return new Secret(value);
    // Never the value: it was meant to be a secret.
    this.problem(`${this.#prefix}${name} must be a Secret or a string that is not empty`);
    return undefined;
  }

  /** An object of options within this one; undefined where it was not given. */
  nested(name: string): OptionReader | undefined {
    const value = this.any(name);
    if (value === undefined) return undefined;
    return this.#within(name, value);
  }

  /** The same, empty where it was not given: for options that all have a default. */
  group(name: string): OptionReader {
    return this.nested(name) ?? this.#within(name, {});
  }

  #within(name: string, options: unknown): OptionReader {
    return new OptionReader(this.#service, options, `${this.#prefix}${name}.`, this.#problems, this.#given);
  }

  /** Reports the options that nobody has read. */
  rejectUnknown(): void {
    for (const name of Object.keys(this.#options)) {
      if (this.#options[name] === undefined || this.#known.has(name)) continue;
      const near = closest(name, this.#known);
      this.problem(
        `unknown option ${this.#prefix}${name}${near === undefined ? `; known are ${[...this.#known].toSorted().join(", ")}` : `; did you mean ${near}?`}`,
      );
    }
  }

  /** @throws ServiceConfigurationError with everything that was found. */
  finish(): void {
    this.rejectUnknown();
    if (this.#problems.length > 0) throw new ServiceConfigurationError(this.#service, this.#problems);
  }

  #typed<T extends string | boolean>(name: string, type: "string" | "boolean", fallback: T): T {
    const value = this.any(name);
    if (value === undefined) return fallback;
    // oxlint-disable-next-line valid-typeof
    if (typeof value === type) return value as T;
    this.#mismatch(name, `a ${type}`, value);
    return fallback;
  }

  #mismatch(name: string, expected: string, value: unknown): void {
    this.problem(`${this.#prefix}${name} must be ${expected}, not ${nameOf(value)}`);
  }
}

/** Numbers are shown, since limits are not secrets; of everything else only the kind. */
function nameOf(value: unknown): string {
  if (typeof value === "number") return String(value);
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** Of the known names, the one that was probably meant. */
export function closest(name: string, known: Iterable<string>): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replace(/[-_]|ms$/g, "");
  for (const candidate of known) {
    if (plain(candidate) === plain(name) || isOneEditAway(plain(candidate), plain(name))) return candidate;
  }
  return undefined;
}

/** One letter put in, left out, changed, or two neighbours swapped. */
function isOneEditAway(a: string, b: string): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (long.length - short.length > 1) return false;
  let i = 0;
  while (i < short.length && short[i] === long[i]) i++;
  if (short.length < long.length) return short.slice(i) === long.slice(i + 1);
  const isSwap = short[i] === long[i + 1] && short[i + 1] === long[i] && short.slice(i + 2) === long.slice(i + 2);
  return isSwap || short.slice(i + 1) === long.slice(i + 1);
}
