import type { StandardSchemaV1 } from "@standard-schema/spec";
import { type ExternalServiceError, isExternalServiceError, ServiceConnectionError } from "../core/errors.ts";
import { headerProblem } from "../core/headers.ts";
import { OptionReader } from "../core/options.ts";
import { readSchema } from "../core/schema.ts";
import type { Caller } from "./caller.ts";
import type { RequestOptions } from "./request.ts";
import { readResume, type ResumeLimits, type ResumeOptions, Resumption } from "./resumption.ts";
import { type ServerSentEvent, SseParser } from "./sse.ts";
import { StreamedJson } from "./streamed-json.ts";
import type { StreamedResponse } from "./streamed-response.ts";

/** How server-sent events are asked for, and taken up again. */
export interface EventsOptions extends RequestOptions {
  /** @defaultValue "GET" */
  readonly method?: string | undefined;
  /**
   * Whether to connect again, with `Last-Event-ID`, when the stream ends or breaks off; `false` where the stream has
   * an end of its own. @defaultValue true for GET, as a browser does; false for all others, whose repetition may act
   */
  readonly reconnect?: boolean | ResumeOptions | undefined;
  /** Where to begin, from a run before. */
  readonly lastEventId?: string | undefined;
  /** Whether this event is the last one; it is not handed out. Asked before the data is parsed: `[DONE]`, say. */
  readonly shouldEnd?: ((event: ServerSentEvent) => boolean) | undefined;
  /** Between two pieces of anything, comments included; then the connection counts as broken. @defaultValue 60000 */
  readonly idleTimeoutMs?: number | undefined;
  /** Of one event, in characters. @defaultValue `maxResponseBytes` */
  readonly maxEventLength?: number | undefined;
  /** For all of it, all connections included. @defaultValue none, unless one is inherited */
  readonly deadlineMs?: number | undefined;
}

interface Plan {
  readonly caller: Caller;
  readonly method: string;
  readonly endpoint: string;
  readonly call: RequestOptions;
  readonly schema: StandardSchemaV1 | undefined;
  readonly resume: ResumeLimits | undefined;
  readonly lastEventId: string;
  readonly shouldEnd: ((event: ServerSentEvent) => boolean) | undefined;
  readonly idleTimeoutMs: number;
  readonly maxEventLength: number;
}

/** @throws ServiceConfigurationError for options that are wrong, at once; those of the call, with the first event. */
export function events(
  caller: Caller,
  endpoint: string,
  options: EventsOptions & { readonly schema?: StandardSchemaV1 | undefined },
): AsyncGenerator<ServerSentEvent<unknown>, undefined> {
  const { method, reconnect, lastEventId, shouldEnd, idleTimeoutMs, maxEventLength, schema, ...call } = options;
  const own = { method, reconnect, lastEventId, shouldEnd, idleTimeoutMs, maxEventLength, schema };
  const reader = new OptionReader(caller.service, own);
  const verb = reader.string("method", "GET").toUpperCase();
  const plan: Plan = {
    caller,
    method: verb,
    endpoint,
    call,
    schema: readSchema(reader),
    resume: readResume(reader, "reconnect", verb === "GET"),
    lastEventId: reader.string("lastEventId", ""),
    shouldEnd: reader.function("shouldEnd"),
    idleTimeoutMs: reader.number("idleTimeoutMs", 60_000, { min: 1 }),
    maxEventLength: reader.number("maxEventLength", caller.maxResponseBytes, { min: 1, whole: true }),
  };
  reader.finish();
  return follow(plan);
}

async function* follow(plan: Plan): AsyncGenerator<ServerSentEvent<unknown>, undefined> {
  const { caller, call, resume, schema, shouldEnd, maxEventLength } = plan;
  const resumption = new Resumption(caller, resume, { signal: call.signal, deadlineMs: call.deadlineMs });
  let lastEventId = plan.lastEventId;
  let retryMs: number | undefined;
  for (;;) {
    const parser = new SseParser({ maxLength: maxEventLength, lastEventId });
    let over: ExternalServiceError;
    try {
      await using response = await connect(plan, lastEventId, resumption.remainingMs);
      // How a service says that there is no more (HTML standard, section 9.2.3).
      if (response.status === 204) return undefined;
      const json = new StreamedJson(caller.service, operationOf(plan), response, resumption.patience);
      checkType(response, json);
      for await (const piece of response.body) {
        for (const event of json.within(() => parser.push(piece), "an event")) {
          resumption.succeeded();
          if (shouldEnd?.(event) === true) return undefined;
          const data = schema === undefined ? event.data : await json.parse(event.data, schema, "the data of an event");
          yield { ...event, data };
        }
      }
      if (resume === undefined) return undefined;
      over = endedError(plan, response);
    } catch (error) {
      if (!isExternalServiceError(error) || !error.retryable) throw error;
      over = error;
    }
    ({ lastEventId, retryMs = retryMs } = parser);
    await resumption.wait(over, retryMs);
  }
}

function connect(plan: Plan, lastEventId: string, deadlineMs: number): Promise<StreamedResponse> {
  const { caller, method, endpoint, call, resume, idleTimeoutMs: bodyIdleTimeoutMs } = plan;
  // As UTF-8, which a header takes byte by byte. One that no header can hold is not kept, as one with NUL is not.
  const id = Buffer.from(lastEventId).toString("latin1");
  const isKept = id !== "" && headerProblem("last-event-id", id) === undefined;
  const { signal } = call;
  const options: RequestOptions = {
    ...call,
    deadlineMs,
    // A stream has no end, so closing its service does not wait for one.
    signal: signal === undefined ? caller.closing : AbortSignal.any([signal, caller.closing]),
    // The waits between the connections are these retries.
    ...(resume === undefined ? {} : { maxRetries: 0 }),
    headers: { "cache-control": "no-store", ...(isKept ? { "last-event-id": id } : {}), ...call.headers },
  };
  const isRepeatable = resume !== undefined;
  return caller.open(method, endpoint, options, { accept: "text/event-stream", bodyIdleTimeoutMs, isRepeatable });
}

function checkType(response: StreamedResponse, json: StreamedJson): void {
  const type = response.header("content-type") ?? "none";
  if (/^text\/event-stream\s*(?:;|$)/i.test(type.trim())) return;
  throw json.error("content-type", `the answer is no event stream, but ${type.split(";", 1)[0] ?? ""}`);
}

function endedError(plan: Plan, { attempts }: StreamedResponse): ServiceConnectionError {
  return new ServiceConnectionError("closed", {
    service: plan.caller.service,
    operation: operationOf(plan),
    phase: "body",
    outcome: "accepted",
    retryable: true,
    attempts,
    detail: "the service ended the event stream, again and again without an event",
  });
}

const operationOf = ({ method, endpoint }: Plan): string => `${method} ${endpoint.split("?", 1)[0] ?? ""}`;
