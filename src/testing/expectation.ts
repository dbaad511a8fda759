import { ServiceConfigurationError } from "../core/errors.ts";
import {
  answerStep,
  faultStep,
  functionStep,
  type MockSchema,
  type ReplyOptions,
  sequenceStep,
  type Step,
} from "./answer-step.ts";
import type { MockFault } from "./faults.ts";
import { differences, looksAtBody, type MatchRules } from "./match-rules.ts";
import type { MockCall } from "./mock-call.ts";
import type { MockExpectation } from "./mock-expectation.ts";
import type { PathTemplate } from "./path-template.ts";

/** An expectation, as the mock uses it. */
export class Expectation implements MockExpectation {
  readonly method: string;
  readonly template: PathTemplate;
  readonly rules: MatchRules;
  taken = 0;
  readonly #schema: MockSchema | undefined;
  #steps: readonly Step[] = [];
  #delayMs = 0;
  #most = 1;
  #least = 1;
  /** The number was not given, and follows from the steps. */
  #isCounted = false;

  constructor(method: string, template: PathTemplate, rules: MatchRules, schema: MockSchema | undefined) {
    this.method = method;
    this.template = template;
    this.rules = rules;
    this.#schema = schema;
  }

  reply(first: unknown, ...[body, options]: readonly unknown[]): this {
    const where = this.#where("reply");
    if (typeof first === "function") {
      return this.#do(functionStep(where, first as (call: MockCall) => unknown, this.#schema));
    }
    if (options !== undefined && (typeof options !== "object" || options === null)) {
      throw new ServiceConfigurationError(where, ["the options must be an object: reply(status, body, { headers })"]);
    }
    return this.#do(answerStep(where, { ...(options as ReplyOptions), status: first, body }, this.#schema));
  }

  fail(fault: MockFault): this {
    return this.#do(faultStep(this.#where("fail"), { fail: fault }));
  }

  sequence(steps: readonly unknown[]): this {
    const where = this.#where("sequence");
    if (!Array.isArray(steps) || steps.length === 0) {
      throw new ServiceConfigurationError(where, ["sequence takes a list of at least one step"]);
    }
    return this.#do(...steps.map((step, index) => sequenceStep(`${where}, step ${index + 1}`, step, this.#schema)));
  }

  delay(ms: number): this {
    if (!(typeof ms === "number" && ms >= 0 && ms < Number.POSITIVE_INFINITY)) {
      throw new ServiceConfigurationError(this.#where("delay"), ['delay takes milliseconds; for ever is fail("hang")']);
    }
    this.#delayMs = ms;
    return this;
  }

  once(): this {
    return this.times(1);
  }

  times(count: number): this {
    if (!(Number.isInteger(count) && count >= 1)) {
      throw new ServiceConfigurationError(this.#where("times"), ["times takes a whole number of at least 1"]);
    }
    if (this.#steps.length > 1 && count !== this.#steps.length) {
      throw new ServiceConfigurationError(this.#where("times"), [
        `the sequence has ${this.#steps.length} steps, one for each call: leave times(${count}) out, or say persist()`,
      ]);
    }
    return this.#count(this.#least === 0 ? 0 : count, count);
  }

  persist(): this {
    return this.#count(Math.min(this.#least, 1), Number.POSITIVE_INFINITY);
  }

  optional(): this {
    this.#least = 0;
    return this;
  }

  /** "GET /users/{id}". */
  get title(): string {
    return `${this.method} ${this.template.text}`;
  }

  get isExhausted(): boolean {
    return this.taken >= this.#most;
  }

  get looksAtBody(): boolean {
    return looksAtBody(this.rules);
  }

  /** What is still to come, or was never said; undefined where all is well. */
  get problem(): string | undefined {
    if (this.#steps.length === 0) return `${this.title} has no answer: say reply(…) or fail(…)`;
    if (this.taken >= this.#least) return undefined;
    const of = this.#most === Number.POSITIVE_INFINITY ? "at least 1" : String(this.#least);
    return `${this.title} was called ${this.taken} times of ${of}`;
  }

  /** What of a call is not as expected, beside its number. Rules are asked about calls of the method and path alone. */
  differences(call: MockCall, isBodyThere: boolean): string[] {
    const found: string[] = [];
    if (this.method !== call.method) found.push(`method is ${call.method}, not ${this.method}`);
    if (this.template.match(call.path) === undefined) found.push(`path is ${call.path}, not ${this.template.text}`);
    return found.length > 0 ? found : differences(this.rules, call, isBodyThere);
  }

  /** Takes a call, and says what to do with it; undefined where nobody ever said what. */
  take(): { readonly step: Step; readonly delayMs: number } | undefined {
    const step = this.#steps[Math.min(this.taken, this.#steps.length - 1)];
    this.taken += 1;
    return step === undefined ? undefined : { step, delayMs: this.#delayMs + step.delayMs };
  }

  #do(...steps: readonly Step[]): this {
    if (this.#steps.length > 0) {
      throw new ServiceConfigurationError(this.#where("on"), [
        "what it does was said before: for one thing after the other, say sequence([…])",
      ]);
    }
    if (steps.length > 1 && this.#isCounted && this.#most !== Number.POSITIVE_INFINITY && this.#most !== steps.length) {
      throw new ServiceConfigurationError(this.#where("sequence"), [
        `times(${this.#most}) contradicts the ${steps.length} steps, one for each call`,
      ]);
    }
    this.#steps = steps;
    if (!this.#isCounted) {
      this.#most = steps.length;
      this.#least = this.#least === 0 ? 0 : steps.length;
    }
    return this;
  }

  #count(least: number, most: number): this {
    this.#isCounted = true;
    this.#least = least;
    this.#most = most;
    return this;
  }

  #where(method: string): string {
    return `mockTransport ${this.title} ${method}()`;
  }
}
