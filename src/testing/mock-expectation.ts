import { ServiceConfigurationError } from "../core/errors.ts";
import type { RawBody } from "./answer-body.ts";
import {
  answerStep,
  faultStep,
  functionStep,
  type MockAnswer,
  type MockFailure,
  type MockSchema,
  type ReplyOptions,
  sequenceStep,
  type Step,
} from "./answer-step.ts";
import type { MockFault } from "./faults.ts";
import { differences, looksAtBody, type MatchRules } from "./match-rules.ts";
import type { MockCall } from "./mock-call.ts";
import type { AnyResponses, MockBodyOf, PathParams, StatusOf } from "./mock-paths.ts";
import type { PathTemplate } from "./path-template.ts";

/** A step of a `sequence`: an answer with one of the statuses and its body, a fault, or a function. */
export type MockStep<Responses, Path extends string> =
  | {
      [Status in StatusOf<Responses>]: MockAnswer<Status, MockBodyOf<Responses, Status> | RawBody>;
    }[StatusOf<Responses>]
  | MockFailure
  | ((call: MockCall<PathParams<Path>>) => MockAnswer | Promise<MockAnswer>);

type Making<Path extends string, Body> = (call: MockCall<PathParams<Path>>) => Body | RawBody | Promise<Body | RawBody>;

/** Answers with what a document says. The body first: an editor then offers its fields, and not those of a function. */
export interface Reply<Responses, Path extends string, Self> {
  <const Status extends StatusOf<Responses>>(
    status: Status,
    ...body: undefined extends MockBodyOf<Responses, Status>
      ? [body?: MockBodyOf<Responses, Status>, options?: ReplyOptions]
      : [body: MockBodyOf<Responses, Status>, options?: ReplyOptions]
  ): Self;
  <const Status extends StatusOf<Responses>>(
    status: Status,
    body: Making<Path, MockBodyOf<Responses, Status>> | RawBody,
    options?: ReplyOptions,
  ): Self;
  (answer: (call: MockCall<PathParams<Path>>) => MockAnswer | Promise<MockAnswer>): Self;
}

/** Answers with anything. The function first, for it is anything as well. */
export interface ReplyAnything<Path extends string, Self> {
  (status: number, body: Making<Path, unknown>, options?: ReplyOptions): Self;
  (status: number, body?: unknown, options?: ReplyOptions): Self;
  (answer: (call: MockCall<PathParams<Path>>) => MockAnswer | Promise<MockAnswer>): Self;
}

/**
 * What a mock does with the calls of one method and path. Without more it takes one call, and must be given it: say
 * `.times(n)`, `.persist()` or `.optional()` for another number.
 */
export interface MockExpectation<Responses = AnyResponses, Path extends string = string> {
  /**
   * Answers with this status and body: `undefined` for none, text and bytes as they are, `sse()`, `ndjson()`,
   * `inPieces()` or a stream piece by piece, anything else as JSON; or what a function makes of the call, such a body or
   * a promise of one. A function alone makes all of the answer, its status too.
   *
   * @throws ServiceConfigurationError with every problem at once, such as a body that does not fit the `schema`.
   */
  readonly reply: [AnyResponses] extends [Responses] ? ReplyAnything<Path, this> : Reply<Responses, Path, this>;
  /** Goes wrong instead of answering: see {@link MockFault}. @throws ServiceConfigurationError */
  fail(fault: MockFault): this;
  /**
   * Does these things, one for each call; with `persist()`, the last of them from then on.
   *
   * @throws ServiceConfigurationError
   */
  sequence(steps: readonly MockStep<Responses, Path>[]): this;
  /** Waits so long before it answers or goes wrong, on the clock of the mock. @throws ServiceConfigurationError */
  delay(ms: number): this;
  /** Takes one call. The default. */
  once(): this;
  /** Takes so many calls, and must be given them. @throws ServiceConfigurationError */
  times(count: number): this;
  /** Takes any number of calls, and must be given one. */
  persist(): this;
  /** Need not be given any call. */
  optional(): this;
}

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

  /** What of a call is not as expected, beside its number. */
  differences(call: MockCall, isBodyThere: boolean): string[] {
    const found: string[] = [];
    if (this.method !== call.method) found.push(`method is ${call.method}, not ${this.method}`);
    if (this.template.match(call.path) === undefined) found.push(`path is ${call.path}, not ${this.template.text}`);
    return [...found, ...differences(this.rules, call, isBodyThere)];
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
