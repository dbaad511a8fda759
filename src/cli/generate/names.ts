import { RESTService } from "../../rest/rest-service.ts";
import type { Operation } from "./operations.ts";

/** The words of a text, at each of which a name of several may take a capital. */
const wordsOf = (text: string): string[] => text.replaceAll(/['’]/g, "").match(/[\p{L}\p{N}]+/gu) ?? [];

const capitalised = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** A text as a name in camelCase; it may be empty, or begin with a digit. */
export function camelCase(text: string): string {
  const [first = "", ...others] = wordsOf(text);
  // An acronym at the beginning is small as a whole: `GETUser` would else be `gETUser`.
  const head = first.replace(/^\p{Lu}+(?=\p{Lu}\p{Ll}|$|\P{L})|^\p{Lu}/u, (start) => start.toLowerCase());
  return head + others.map(capitalised).join("");
}

/** A text as the name of a class; empty where there is no letter that one could begin with. */
export function pascalCase(text: string): string {
  return capitalised(
    wordsOf(text)
      .map(capitalised)
      .join("")
      .replace(/^\p{N}+/u, ""),
  );
}

// What the types of the document, and the imports beside them, are called.
const taken = new Set([
  "paths",
  "webhooks",
  "components",
  "operations",
  "Service",
  "RESTService",
  "OperationAnswer",
  "OperationArguments",
  "OperationResponse",
]);

/** What the class is called: as it is asked for, or after the title of the document. */
export function classNameFor(title: string): string {
  const name = pascalCase(title) || "Client";
  return taken.has(name) ? `${name}Client` : name;
}

/** Whether a class can be called so. */
export function isClassName(name: string): boolean {
  return /^\p{Lu}[\p{L}\p{N}_$]*$/u.test(name) && !taken.has(name);
}

// What an object of the class has already: its own methods, those of its bases, and its fields. A `then` would make a
// promise of it.
const members = new Set([
  "name",
  "logger",
  "clock",
  "random",
  "then",
  ...inheritedNames(RESTService.prototype as object),
]);

function inheritedNames(prototype: object): string[] {
  const parent = Object.getPrototypeOf(prototype) as object | null;
  return [...Object.getOwnPropertyNames(prototype), ...(parent === null ? [] : inheritedNames(parent))];
}

/**
 * The names of the methods, one for each operation: its operationId in camelCase. Where that cannot be one, because
 * there is none, or it begins with a digit, or the class or an operation before has it, the HTTP method goes in front;
 * and where that does not help, a number behind.
 */
export function methodNames(operations: readonly Operation[]): string[] {
  const used = new Set(members);
  return operations.map(({ id, method, path }) => {
    const own = camelCase(id);
    const longer = camelCase(`${method} ${own === "" ? path.replaceAll("{", "by ") : capitalised(own)}`);
    const numbered = Array.from({ length: operations.length + 1 }, (_none, index) => `${longer}${index + 2}`);
    const name = [own, longer, ...numbered].find((one) => /^[\p{L}_$]/u.test(one) && !used.has(one)) ?? longer;
    used.add(name);
    return name;
  });
}
