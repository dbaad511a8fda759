import { readFileSync } from "node:fs";
import { STATUS_CODES } from "node:http";
import { resolve } from "node:path";
import { Argument, type Command } from "commander";
import { isExternalServiceError, isServiceConfigurationError, type ExternalServiceError } from "../../core/errors.ts";
import { explain } from "../../resilience/explain.ts";
import type { AnswerHeaders } from "../../rest/answer.ts";
import type { RequestOptions } from "../../rest/request.ts";
import { answerText, bodyText, headLines } from "../answer-text.ts";
import type { CommandContext } from "../context.ts";
import { CommandFailure, UsageError } from "../failure.ts";
import { assertKnown, restServiceOf } from "../find-service.ts";
import { durationMs, headerLine, queryParameter } from "../option-parsers.ts";
import { openServices, type ServicesOptions, withStarted } from "../session.ts";

/** What the call is made of, beside the service, the method and the path. */
export interface CallCommandOptions extends ServicesOptions {
  readonly data?: string | undefined;
  readonly jsonBody?: string | undefined;
  readonly header?: Readonly<Record<string, string>> | undefined;
  readonly query?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly timeout?: number | undefined;
  readonly include?: boolean | undefined;
}

export function describeCall(command: Command): Command {
  return command
    .summary("one call, with the settings and retries of the service")
    .description(
      "Makes one call to a REST service, with its settings, credentials and retries. The body of the answer goes to standard output as it came; on a terminal, JSON is indented. All else goes to standard error. Ends with 1 where the call failed; what the service answered is printed all the same.",
    )
    .argument("<service>", "its name in the services file")
    .addArgument(new Argument("<method>", "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS or any other"))
    .argument("<path>", "below the base URL of the service, such as /users/1")
    .option("-d, --data <text>", "the body as it is; @file takes it from a file, @- from standard input")
    .option("-j, --json-body <json>", "the body as JSON, checked before it is sent; @file, @- likewise")
    .option("-H, --header <name: value>", "a header, for this call; may be repeated", headerLine)
    .option("-q, --query <name=value>", "a query parameter, encoded; may be repeated", queryParameter)
    .option("-t, --timeout <duration>", "how long the call may take, with all retries: 500ms, 30s, 2m", durationMs)
    .option("-i, --include", "the status and the headers of the answer too, on standard error")
    .addHelpText(
      "after",
      `
Examples:
  $ hawser call users GET /users/1
  $ hawser call payments POST /payments --json-body '{"amount":12.5,"currency":"EUR"}'
  $ hawser call payments POST /payments --json-body @payment.json --header "idempotency-key: 7"
  $ hawser call users GET /users --query role=admin --query role=owner --timeout 5s | jq .`,
    );
}

/** Makes the call and prints its answer. @throws CommandFailure where it failed; UsageError; ServiceConfigurationError */
export async function runCall(
  [name, method, path]: readonly [service: string, method: string, path: string],
  options: CallCommandOptions,
  context: CommandContext,
): Promise<void> {
  const body = await bodyOf(options, context);
  const services = await openServices(options, context);
  assertKnown(services, name);
  await withStarted(services, { only: [name], trial: true, signal: context.signal }, async () => {
    const service = await restServiceOf(services, name, context.signal);
    try {
      const answer = await service.request(method, path, {
        ...body,
        ...(options.header === undefined ? {} : { headers: options.header }),
        ...(options.query === undefined ? {} : { params: options.query }),
        ...(options.timeout === undefined ? {} : { deadlineMs: options.timeout }),
        signal: context.signal,
      });
      if (options.include === true) printHead(answer.status, answer.headers, context);
      printBody(answer.bytes(), answer.header("content-type"), context);
    } catch (error) {
      if (!isExternalServiceError(error) || isServiceConfigurationError(error)) throw error;
      printRefusal(error, options, context);
      throw new CommandFailure(error.message, [...explain(error).steps, explain(error).advice]);
    }
  });
}

async function bodyOf(
  { data, jsonBody }: CallCommandOptions,
  context: CommandContext,
): Promise<Pick<RequestOptions, "json" | "text" | "bytes">> {
  if (data !== undefined && jsonBody !== undefined) {
    throw new UsageError("a call has one body: give --data or --json-body, not both");
  }
  if (data !== undefined)
    return data.startsWith("@") ? { bytes: await contentOf("--data", data, context) } : { text: data };
  if (jsonBody === undefined) return {};
  const text = jsonBody.startsWith("@")
    ? Buffer.from(await contentOf("--json-body", jsonBody, context)).toString()
    : jsonBody;
  try {
    return { json: JSON.parse(text) as unknown };
  } catch {
    throw new UsageError("--json-body is no JSON: quote it for the shell ('{\"a\":1}'), or give a file with @file");
  }
}

async function contentOf(option: string, given: string, context: CommandContext): Promise<Uint8Array> {
  const name = given.slice(1);
  if (name === "-") return context.readInput();
  try {
    return readFileSync(resolve(context.cwd, name));
  } catch (error) {
    throw new UsageError(
      `${option} ${given} cannot be read (${(error as NodeJS.ErrnoException).code}): name a file after the @`,
    );
  }
}

function printHead(status: number, headers: AnswerHeaders, { stderr }: CommandContext): void {
  const [first = "", ...lines] = headLines(status, STATUS_CODES[status], headers);
  stderr.write(
    `${stderr.style(status < 400 ? "green" : "red", first)}\n${lines.map((line) => `${line}\n`).join("")}\n`,
  );
}

function printBody(body: Uint8Array, type: string | undefined, { stdout, stderr }: CommandContext): void {
  if (!stdout.isTerminal) return stdout.write(body);
  const text = answerText(body, type);
  if (text === undefined)
    stderr.write(`${body.byteLength} bytes that are no text; to keep them, write them to a file with > file\n`);
  else stdout.write(text);
}

/** The service's own answer, where there was one: it is what whoever made the call by hand wants to see. */
function printRefusal(error: ExternalServiceError, options: CallCommandOptions, context: CommandContext): void {
  const { status, headers, body } = error as Partial<{ status: number; headers: AnswerHeaders; body: unknown }>;
  if (status === undefined || headers === undefined) return;
  if (options.include === true) printHead(status, headers, context);
  if (body !== undefined) context.stdout.write(bodyText(body, context.stdout.isTerminal));
}
