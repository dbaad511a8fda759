import { ServiceConfigurationError } from "../../core/errors.ts";
import { redactValue } from "../../core/redact.ts";
import { isContains, shownExpected } from "../contains.ts";
import { closeProblems } from "./close-frame.ts";
import type { ExpectedMessage } from "./expected-message.ts";
import { acceptProblems, type FarAcceptOptions, refusalProblems } from "./handshake-answer.ts";

/** Text, bytes, or what goes out as JSON; or a function that makes it, or its promise, of what was expected last. */
export type ScriptedMessage =
  | string
  | Uint8Array
  | Readonly<Record<string, unknown>>
  | readonly unknown[]
  | ((received: unknown) => unknown);

/** One step of a {@link Script}. */
export type ScriptStep =
  | { readonly do: "expect"; readonly expected: ExpectedMessage }
  | { readonly do: "expectClose"; readonly code: number | undefined }
  | { readonly do: "say"; readonly as: "reply" | "push"; readonly message: ScriptedMessage }
  | { readonly do: "delay"; readonly ms: number }
  | { readonly do: "silence" }
  | { readonly do: "close"; readonly code: number; readonly reason: string }
  | { readonly do: "cut" | "reset" }
  | {
      readonly do: "refuse";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: unknown;
    };

const last: ReadonlySet<ScriptStep["do"]> = new Set(["expectClose", "close", "cut", "reset", "refuse"]);

/**
 * What a server does on one connection, step by step. It does not change: each step makes a new script, so that one
 * may be the beginning of several.
 */
export class Script {
  readonly accept: FarAcceptOptions;
  readonly steps: readonly ScriptStep[];

  /** @internal */
  constructor(accept: FarAcceptOptions, steps: readonly ScriptStep[]) {
    this.accept = accept;
    this.steps = steps;
  }

  /** Waits for the next message of the client, which must be this. */
  expect(expected: ExpectedMessage): Script {
    const isExpectation = typeof expected === "string" || typeof expected === "function" || isObject(expected);
    return this.#with({ do: "expect", expected }, isExpectation ? [] : ["expect needs a message, or a function"]);
  }

  /** Waits until the client ends the connection. @param code - of its Close frame. @defaultValue any, or none */
  expectClose(code?: number): Script {
    const isCode = code === undefined || (Number.isInteger(code) && code >= 1000 && code <= 4999);
    return this.#with({ do: "expectClose", code }, isCode ? [] : ["expectClose: the code is from 1000 to 4999"]);
  }

  /** Answers what was expected last. */
  reply(message: ScriptedMessage): Script {
    const hasExpected = this.steps.some((step) => step.do === "expect");
    const problems = hasExpected ? [] : ["reply answers what was expected, and there is no expect before it: use push"];
    return this.#with({ do: "say", as: "reply", message }, [...problems, ...messageProblems("reply", message)]);
  }

  /** Sends something of its own accord. */
  push(message: ScriptedMessage): Script {
    return this.#with({ do: "say", as: "push", message }, messageProblems("push", message));
  }

  /** Waits. @param ms - milliseconds of real time, 0 to 2^31 - 1. */
  delay(ms: number): Script {
    const isSpan = typeof ms === "number" && ms >= 0 && ms < 2 ** 31;
    return this.#with({ do: "delay", ms }, isSpan ? [] : [`delay needs milliseconds of at least 0, not ${String(ms)}`]);
  }

  /** From now on no ping is answered. */
  silence(): Script {
    return this.#with({ do: "silence" });
  }

  /** Sends a Close frame. @defaultValue `code` 1000, `reason` empty */
  close(code = 1000, reason = ""): Script {
    return this.#with({ do: "close", code, reason }, closeProblems(code, reason));
  }

  /** Ends the connection without a Close frame; as the first step, in the place of an answer. */
  cut(): Script {
    return this.#with({ do: "cut" });
  }

  /** Breaks it with a reset; as the first step, in the place of an answer. */
  reset(): Script {
    return this.#with({ do: "reset" });
  }

  /** The first step: answers with another status than 101. @param body - text as it is; anything else as JSON. */
  refuse(status: number, headers: Readonly<Record<string, string>> = {}, body: unknown = ""): Script {
    return this.#with({ do: "refuse", status, headers, body }, [
      ...(this.steps.length === 0 ? [] : ["refuse answers the upgrade request: it can only be the first step"]),
      ...refusalProblems(status, headers),
    ]);
  }

  #with(step: ScriptStep, problems: readonly string[] = []): Script {
    const end = this.steps.at(-1);
    const all = [
      ...problems,
      ...(end !== undefined && last.has(end.do) ? [`nothing can follow ${end.do}: the connection is over`] : []),
    ];
    if (all.length > 0) throw new ServiceConfigurationError("script", all);
    return new Script(this.accept, [...this.steps, step]);
  }
}

/**
 * The beginning of a {@link Script}, to which its steps are added.
 *
 * @param accept - how the upgrade is answered, where the first step is none that answers it otherwise.
 */
export function script(accept: FarAcceptOptions = {}): Script {
  const problems = isObject(accept) ? acceptProblems(accept) : ["what it accepts with must be an object"];
  if (problems.length > 0) throw new ServiceConfigurationError("script", problems);
  return new Script(accept, []);
}

/** The step in words, for a report. */
export function shownStep(step: ScriptStep): string {
  switch (step.do) {
    case "expect":
      return `expect ${shown(step.expected)}`;
    case "say":
      return `${step.as} ${shown(step.message)}`;
    case "delay":
      return `delay ${step.ms} ms`;
    case "close":
      return `close ${step.code}`;
    case "refuse":
      return `refuse ${step.status}`;
    case "expectClose":
      return step.code === undefined ? "expectClose" : `expectClose ${step.code}`;
    case "silence":
    case "cut":
    case "reset":
      return step.do;
  }
}

const longestShown = 200;

/** A message in words. */
export function shown(message: unknown): string {
  if (typeof message === "function") return message.name === "" ? "a function" : `function ${message.name}`;
  if (message instanceof RegExp) return String(message);
  if (isContains(message)) return `contains ${shown(shownExpected(message))}`;
  if (message instanceof Uint8Array) return `${message.length} bytes`;
  const text = JSON.stringify(redactValue(message)) ?? String(message);
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text;
}

function messageProblems(what: string, message: unknown): string[] {
  return typeof message === "string" || typeof message === "function" || isObject(message)
    ? []
    : [`${what} needs text, bytes, an object or array for JSON, or a function that makes one`];
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
