import type { Dispatcher } from "undici";
import { ServiceConfigurationError } from "../core/errors.ts";
import { headerProblem } from "../core/headers.ts";
import { OptionReader } from "../core/options.ts";
import { type MockSchema, mockSchemaProblem, type Step } from "./answer-step.ts";
import { Expectation } from "./expectation.ts";
import { assertionError } from "./assertion-error.ts";
import { failTest } from "./fail-test.ts";
import { connectError } from "./faults.ts";
import { type Line, LocalWire } from "./local-wire.ts";
import { type MatchRules, readMatchRules } from "./match-rules.ts";
import { isBodyKnown, MockCall } from "./mock-call.ts";
import type { MockExpectation } from "./mock-expectation.ts";
import { type MockChoices, type MockTransportOptions, readMockOptions } from "./mock-options.ts";
import type { AnyPaths, MockMethod, PathsFor, ResponsesOf } from "./mock-paths.ts";
import { misuseError } from "./misuse-error.ts";
import { unexpectedText } from "./nearest.ts";
import { PathTemplate } from "./path-template.ts";
import { writeAnswer, writeFault } from "./write-answer.ts";

/** What a call must be like, and what its answers must be like. */
export interface ExpectationOptions extends MatchRules {
  /** What the bodies of its answers must fit: a Standard Schema for every 2xx, or one for each status. */
  readonly schema?: MockSchema | undefined;
}

/**
 * Stands where the pool of a service stands, and answers in the process: the option `dispatcher` of a RESTService. All
 * of the service above it is the real thing.
 */
export interface MockTransport<Paths = AnyPaths> extends AsyncDisposable {
  /**
   * Expects a call, and says by what follows how it is answered: `mock.on("GET", "/users/{id}").reply(200, { … })`. The
   * first expectation that fits a call and has not had all of its calls takes it.
   *
   * @param path - as it is sent, with `{names}` that stand for one segment each; without the query.
   * @throws ServiceConfigurationError with every problem at once.
   */
  on<const Method extends MockMethod, const Path extends PathsFor<Paths, Method>>(
    method: Method,
    path: Path,
    options?: ExpectationOptions,
  ): MockExpectation<ResponsesOf<Paths, Method, Path>, Path>;
  /** Every request that came, oldest first: an attempt is one, and a hop of a redirect. */
  readonly history: readonly MockCall[];
  /** Those of one method and path, given as to `on`: `mock.calls("POST", "/payments")`. @throws ServiceConfigurationError */
  calls(method?: MockMethod, path?: string): readonly MockCall[];
  /**
   * @throws AssertionError that lists the calls that were expected and did not come, those that came unexpected, and
   * what was wrong with the mock itself.
   */
  assertDone(): void;
  /** Forgets all expectations, the history and what went wrong. */
  reset(): void;
  /** What undici calls a dispatcher. */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean;
  /** Ends what is still under way, without looking at what was expected. */
  close(): Promise<void>;
  /**
   * Closes it, then does as {@link MockTransport.assertDone}: `await using mock = mockTransport()`. Under node:test
   * (Node 24.19) it is the test that fails, once it is over and unless by an error of its own.
   */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes a mock of the network for tests: `new PaymentGatewayClient({ baseUrl, dispatcher: mock })`, or for all services
 * of a registry by its defaults.
 *
 * With the types that openapi-typescript makes of a document, `mockTransport<paths>()`, paths are completed and bodies
 * checked.
 *
 * @throws ServiceConfigurationError with every problem at once.
 */
export function mockTransport<Paths = AnyPaths>(options: MockTransportOptions = {}): MockTransport<Paths> {
  // What the types of a document say is for whoever writes the test; the mock itself takes any path.
  return new LocalMock(readMockOptions(options));
}

class LocalMock implements Omit<MockTransport, "on"> {
  readonly #choices: MockChoices;
  readonly #wire: LocalWire;
  #expectations: Expectation[] = [];
  #history: MockCall[] = [];
  #problems: string[] = [];
  #isClosed = false;

  constructor(choices: MockChoices) {
    this.#choices = choices;
    this.#wire = new LocalWire(choices.clock);
  }

  on(method: string, path: string, options: ExpectationOptions = {}): Expectation {
    const where = `mockTransport on(${JSON.stringify(method)}, ${JSON.stringify(path)})`;
    assertMethod(where, method);
    const template = new PathTemplate(where, path, this.#choices.basePath);
    const reader = new OptionReader(where, options);
    const rules = readMatchRules(reader);
    const schema = reader.any("schema") as MockSchema | undefined;
    const problem = mockSchemaProblem(schema);
    if (problem !== undefined) reader.problem(problem);
    reader.finish();
    const own = { ...rules, origin: rules.origin ?? this.#choices.origin };
    const expectation = new Expectation(method, template, own, schema);
    this.#expectations.push(expectation);
    return expectation;
  }

  get history(): readonly MockCall[] {
    return this.#history;
  }

  calls(method?: string, path?: string): readonly MockCall[] {
    const where = "mockTransport calls()";
    if (method !== undefined) assertMethod(where, method);
    const template = path === undefined ? undefined : new PathTemplate(where, path, this.#choices.basePath);
    return this.#history.filter(
      (call) =>
        (method === undefined || call.method === method) &&
        (template === undefined || template.match(call.path) !== undefined),
    );
  }

  assertDone(): void {
    const error = this.#complaint();
    if (error !== undefined) throw error;
  }

  reset(): void {
    this.#expectations = [];
    this.#history = [];
    this.#problems = [];
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const call = new MockCall(options);
    this.#history.push(call);
    try {
      this.#route(options, handler, call);
    } catch (error) {
      // A function of a rule threw.
      const broken = this.#broken(call, error instanceof Error ? error.message : String(error), error);
      this.#wire.dispatch(options, handler, { kind: "no-connection", error: broken, afterMs: 0 });
    }
    return true;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#wire.destroy("the mock transport");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    const error = this.#complaint();
    if (error !== undefined) failTest(error);
  }

  #complaint(): Error | undefined {
    const missing = this.#expectations.flatMap((one) => this.#missing(one));
    const problems = [...this.#problems, ...missing];
    return problems.length === 0 ? undefined : assertionError(`mock transport: ${problems.join("\n")}`);
  }

  #missing(expectation: Expectation): string[] {
    const { problem, title } = expectation;
    if (problem === undefined) return [];
    const before = this.#expectations.slice(0, this.#expectations.indexOf(expectation));
    const other = before.find((one) => one.title === title && one.taken > 0 && !one.isExhausted);
    return other === undefined
      ? [problem]
      : [`${problem}: an earlier ${title} took ${other.taken}, and the first that fits takes a call`];
  }

  #route(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler, call: MockCall): void {
    if (this.#isClosed) {
      this.#refuse(options, handler, call, "the mock transport is closed");
      return;
    }
    if (!isBodyKnown(options.body) && this.#dependsOnBody(call)) {
      const arrived = (body: Uint8Array, line: Line): Promise<void> => this.#chooseLate(call, body, line);
      this.#wire.dispatch(options, handler, { kind: "connection", arrived });
      return;
    }
    const expectation = this.#find(call, true);
    if (expectation !== undefined) this.#play(options, handler, call, expectation);
    else if (this.#choices.otherwise === undefined) {
      this.#refuse(options, handler, call, this.#unexpected(call));
    } else {
      call.end({ kind: "passed-on" });
      this.#choices.otherwise.dispatch(options, handler);
    }
  }

  #find(call: MockCall, isBodyThere: boolean): Expectation | undefined {
    return this.#expectations.find((one) => !one.isExhausted && one.differences(call, isBodyThere).length === 0);
  }

  /** Whether the body decides about who takes the call. */
  #dependsOnBody(call: MockCall): boolean {
    return this.#find(call, false)?.looksAtBody ?? false;
  }

  #play(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
    call: MockCall,
    expectation: Expectation,
  ): void {
    const taken = this.#take(call, expectation);
    if (taken === undefined) {
      this.#refuse(options, handler, call, expectation.problem ?? "");
      return;
    }
    const { step, delayMs } = taken;
    const error = step.kind === "fault" ? connectError(step.fault, call.origin) : undefined;
    if (step.kind === "fault") call.end({ kind: "fault", fault: step.fault });
    if (error !== undefined) {
      this.#wire.dispatch(options, handler, { kind: "no-connection", error, afterMs: delayMs });
      return;
    }
    const arrived = (body: Uint8Array, line: Line): Promise<void> => {
      call.take(body);
      return this.#answer(call, step, delayMs, line);
    };
    this.#wire.dispatch(options, handler, { kind: "connection", arrived });
  }

  /** A body that is a stream has arrived, and decides about who takes the call. */
  async #chooseLate(call: MockCall, body: Uint8Array, line: Line): Promise<void> {
    call.take(body);
    let expectation: Expectation | undefined;
    try {
      expectation = this.#find(call, true);
    } catch (error) {
      line.break(this.#broken(call, error instanceof Error ? error.message : String(error), error));
      return;
    }
    const taken = expectation === undefined ? undefined : this.#take(call, expectation);
    if (expectation === undefined || taken === undefined) {
      line.break(misuseError(expectation?.problem ?? this.#unexpected(call)));
      return;
    }
    const { step, delayMs } = taken;
    if (step.kind === "fault" && connectError(step.fault, call.origin) !== undefined) {
      const why = `fail("${step.fault}") comes before a body, and this one is a stream: it cannot depend on it`;
      line.break(this.#broken(call, why));
      return;
    }
    await this.#answer(call, step, delayMs, line);
  }

  #take(call: MockCall, expectation: Expectation): ReturnType<Expectation["take"]> {
    Object.assign(call.params, expectation.template.match(call.path));
    return expectation.take();
  }

  async #answer(call: MockCall, step: Step, delayMs: number, line: Line): Promise<void> {
    try {
      if (delayMs > 0 && !(await this.#wire.wait(delayMs, line.gone))) return;
      if (step.kind === "fault") {
        call.end({ kind: "fault", fault: step.fault });
        await writeFault(line, step.fault);
        return;
      }
      const answer = await step.make(call);
      call.end(
        answer.cutAfterBytes === undefined
          ? { kind: "answer", status: answer.status }
          : { kind: "fault", fault: "cut" },
      );
      await writeAnswer(this.#wire, line, call.method, answer);
    } catch (error) {
      line.break(this.#broken(call, error instanceof Error ? error.message : String(error), error));
    }
  }

  #refuse(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler, call: MockCall, why: string): void {
    if (call.outcome.kind === "under-way") call.end({ kind: "unexpected" });
    this.#wire.dispatch(options, handler, { kind: "no-connection", error: misuseError(why), afterMs: 0 });
  }

  #unexpected(call: MockCall): string {
    const text = unexpectedText(call, this.#expectations);
    call.end({ kind: "unexpected" });
    this.#problems.push(text);
    return text;
  }

  /** The mock itself is wrong, and the test is told so twice: by the call, and in the end. */
  #broken(call: MockCall, reason: string, cause?: unknown): Error {
    call.end({ kind: "broken", reason });
    const text = `the mock's answer to ${call.title} failed: ${reason}`;
    this.#problems.push(text);
    return misuseError(text, cause);
  }
}

function assertMethod(where: string, method: string): void {
  if (typeof method === "string" && method === method.toUpperCase() && headerProblem(method, "") === undefined) return;
  throw new ServiceConfigurationError(where, ['the method must be in upper case: "GET"']);
}
