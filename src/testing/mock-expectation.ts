import type { RawBody } from "./answer-body.ts";
import type { MockAnswer, MockFailure, ReplyOptions } from "./answer-step.ts";
import type { MockFault } from "./faults.ts";
import type { MockCall } from "./mock-call.ts";
import type { AnyResponses, MockBodyOf, PathParams, StatusOf } from "./mock-paths.ts";

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
