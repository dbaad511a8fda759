import type { StandardSchemaV1 } from "@standard-schema/spec";
import {
  type ExternalServiceError,
  isExternalServiceError,
  isServiceConnectionError,
  isServiceTimeoutError,
} from "../core/errors.ts";
import { OptionReader } from "../core/options.ts";
import { readSchema } from "../core/schema.ts";
import type { Caller } from "./caller.ts";
import { LineSplitter } from "./line-splitter.ts";
import type { RequestOptions } from "./request.ts";
import { readResume, type ResumeLimits, type ResumeOptions, Resumption } from "./resumption.ts";
import { StreamedJson } from "./streamed-json.ts";

/** Where a stream of lines is taken up again. */
export interface LinesBroken<T> {
  /** The last value that was handed out; undefined where none was. */
  readonly last: T | undefined;
  /** How many values were handed out. */
  readonly count: number;
  readonly error: ExternalServiceError;
}

/** How lines of JSON are asked for. */
export interface LinesOptions<T> extends RequestOptions {
  /** @defaultValue "GET" */
  readonly method?: string | undefined;
  /**
   * Says how to go on after the last value when the connection broke: parameters, headers or a body that replace those
   * of the call; undefined where there is no going on, and the error is thrown. Without it, it always is.
   */
  readonly resume?: ((broken: LinesBroken<T>) => RequestOptions | undefined) | undefined;
  /** How long to wait before it, and how often. */
  readonly reconnect?: ResumeOptions | undefined;
  /** Between two pieces of anything; then the connection counts as broken. @defaultValue `bodyIdleTimeoutMs` */
  readonly idleTimeoutMs?: number | undefined;
  /** For all connections together; Infinity where the lines have no end. @defaultValue the service's own */
  readonly deadlineMs?: number | undefined;
  /** Of one line, in characters. @defaultValue `maxResponseBytes` */
  readonly maxLineLength?: number | undefined;
}

interface Plan {
  readonly caller: Caller;
  readonly method: string;
  readonly endpoint: string;
  readonly call: RequestOptions;
  readonly schema: StandardSchemaV1 | undefined;
  readonly resume: ((broken: LinesBroken<never>) => RequestOptions | undefined) | undefined;
  readonly limits: ResumeLimits | undefined;
  readonly idleTimeoutMs: number | undefined;
  readonly maxLineLength: number;
}

/** @throws ServiceConfigurationError for options that are wrong, at once; those of the call, with the first line. */
export function lines(
  caller: Caller,
  endpoint: string,
  options: LinesOptions<never> & { readonly schema?: StandardSchemaV1 | undefined },
): AsyncGenerator<unknown, undefined> {
  const { method, resume, reconnect, idleTimeoutMs, maxLineLength, schema, ...call } = options;
  const own = { method, resume, reconnect, idleTimeoutMs, maxLineLength, schema };
  const reader = new OptionReader(caller.service, own);
  const plan: Plan = {
    caller,
    method: reader.string("method", "GET").toUpperCase(),
    endpoint,
    call,
    schema: readSchema(reader),
    resume: reader.function("resume"),
    limits: readResume(reader, "reconnect", resume !== undefined),
    idleTimeoutMs: reader.number("idleTimeoutMs", undefined, { min: 1 }),
    maxLineLength: reader.number("maxLineLength", caller.maxResponseBytes, { min: 1, whole: true }),
  };
  if (reconnect !== undefined && resume === undefined)
    reader.problem("reconnect needs resume, which says where to go on");
  reader.finish();
  return follow(plan);
}

async function* follow(plan: Plan): AsyncGenerator<unknown, undefined> {
  const { caller, method, endpoint, schema, maxLineLength, idleTimeoutMs: bodyIdleTimeoutMs, limits } = plan;
  const { signal, deadlineMs = caller.deadlineMs } = plan.call;
  const resumption = new Resumption(caller, limits, { signal, deadlineMs });
  let call = plan.call;
  let [last, count]: [unknown, number] = [undefined, 0];
  for (;;) {
    const splitter = new LineSplitter({ ends: "lf", maxLength: maxLineLength });
    try {
      const how = { accept: "application/x-ndjson", bodyIdleTimeoutMs };
      await using response = await caller.open(method, endpoint, { ...call, deadlineMs: resumption.remainingMs }, how);
      const operation = `${method} ${endpoint.split("?", 1)[0] ?? ""}`;
      const json = new StreamedJson(caller.service, operation, response, resumption.patience);
      const parsed = (line: string): Promise<unknown> => json.parse(line, schema, `line ${count + 1}`);
      for await (const piece of response.body) {
        for (const line of json.within(() => splitter.push(piece), `line ${count + 1}`)) {
          if (isBlank(line)) continue;
          last = await parsed(line);
          count += 1;
          resumption.succeeded();
          yield last;
        }
      }
      // The answer was whole, so this is a last line without its end, and not half a line.
      const rest = json.within(() => splitter.rest(), `line ${count + 1}`);
      if (!isBlank(rest)) yield await parsed(rest);
      return undefined;
    } catch (error) {
      // Of those who hand out lines, the call may be made again where `resume` says how; whether it was safe to repeat
      // is for `resume` to say as well.
      if (!isExternalServiceError(error) || !isBroken(error)) throw error;
      const further = plan.resume?.({ last: last as never, count, error });
      if (further === undefined) throw error;
      call = { ...plan.call, ...further };
      await resumption.wait(error);
    }
  }
}

const isBlank = (line: string): boolean => line.trim() === "";

/** Not what the service said for good, and nothing that would be the same again. */
function isBroken(error: ExternalServiceError): boolean {
  return error.retryable || isServiceConnectionError(error) || isServiceTimeoutError(error);
}
