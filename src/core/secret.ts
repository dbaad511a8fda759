import { inspect } from "node:util";

const shown = "[secret]";

/**
 * A value that is used but never shown: templates, JSON, `inspect`, a logger and `structuredClone` all see `[secret]`
 * or nothing. Only {@link Secret.reveal} gives it out.
 */
export class Secret {
  readonly #value: string;

  /** @throws TypeError for anything but a string that is not empty. */
  constructor(value: string) {
    if (typeof value !== "string" || value === "") throw new TypeError("a Secret needs a string that is not empty");
    this.#value = value;
  }

  /** The value itself. Call it where the value goes onto the wire, and nowhere else. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return shown;
  }

  toJSON(): string {
    return shown;
  }

  /** Wraps a string; hands a Secret back as it is. */
  static from(value: string | Secret): Secret {
    return value instanceof Secret ? value : new Secret(value);
  }
}

// A computed member whose key is imported cannot be declared under `isolatedDeclarations`.
Object.defineProperty(Secret.prototype, inspect.custom, { value: () => shown });
