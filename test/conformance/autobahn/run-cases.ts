import { silentLogger } from "../../../src/core/logger.ts";
import { json } from "../../../src/websocket/codecs/codecs.ts";
import { WebSocketService } from "../../../src/websocket/websocket-service.ts";
import { type CaseResult, readBehaviour } from "./behaviour.ts";
import type { CaseClient } from "./echo.ts";

export interface CaseRun {
  /** Of the fuzzing server. */
  readonly url: string;
  readonly agent: string;
  readonly client: CaseClient;
  /** Which cases, by their id; all where it is not given. */
  readonly isWanted?: ((id: string) => boolean) | undefined;
  readonly onResult?: ((result: CaseResult) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Runs the cases of a fuzzing server one after the other, and has it write its reports. */
export async function runCases(run: CaseRun): Promise<readonly CaseResult[]> {
  const { url, agent, client, isWanted = () => true, onResult, signal } = run;
  const count = Number(await ask(url, "/getCaseCount"));
  if (!Number.isInteger(count) || count < 1) throw new Error(`${url} is no fuzzing server: it has no cases to run`);
  const results: CaseResult[] = [];
  for (let number = 1; number <= count; number++) {
    signal?.throwIfAborted();
    const { id, description } = readInfo(await ask(url, `/getCaseInfo?case=${number}`), number);
    if (!isWanted(id)) continue;
    const query = `case=${number}&agent=${encodeURIComponent(agent)}`;
    const result = { number, id, description, ...(await outcomeOf(client, url, query)) };
    results.push(result);
    onResult?.(result);
  }
  await ask(url, `/updateReports?agent=${encodeURIComponent(agent)}`);
  return results;
}

/** `6.*` and the like: whether an id is one of them. */
export function wantedBy(patterns: readonly string[]): (id: string) => boolean {
  if (patterns.length === 0) return () => true;
  const expressions = patterns.map((pattern) => {
    const escaped = pattern.replaceAll(".", String.raw`\.`).replaceAll("*", ".*");
    return new RegExp(`^${escaped}$`);
  });
  return (id) => expressions.some((expression) => expression.test(id));
}

async function outcomeOf(
  client: CaseClient,
  url: string,
  query: string,
): Promise<Pick<CaseResult, "behaviour" | "reason">> {
  try {
    await client.runCase(`${url}/runCase?${query}`);
  } catch (error) {
    return { behaviour: "FAILED", reason: `the client had no connection: ${(error as Error).message}` };
  }
  return readBehaviour(await ask(url, `/getCaseStatus?${query}`));
}

function readInfo(answer: unknown, number: number): { readonly id: string; readonly description: string } {
  const { id, description } = (answer ?? {}) as { id?: unknown; description?: unknown };
  // Servers before 0.7 do not know the question.
  return {
    id: typeof id === "string" ? id : String(number),
    description: typeof description === "string" ? description.replaceAll(/<[^>]*>|\s+/g, " ").trim() : "",
  };
}

/** What the server says at this path before it closes; undefined where it says nothing. */
async function ask(url: string, endpoint: string): Promise<unknown> {
  return new Question(url, endpoint).answer();
}

class Question extends WebSocketService<unknown> {
  readonly #over = Promise.withResolvers<void>();
  #answer: unknown;

  constructor(url: string, endpoint: string) {
    // A server that is at work on a case answers late.
    super({
      name: "fuzzing server",
      baseUrl: url,
      endpoint,
      logger: silentLogger,
      reconnect: false,
      codec: json(),
      connectTimeoutMs: 60_000,
      startTimeoutMs: 60_000,
    });
  }

  async answer(): Promise<unknown> {
    await this.connect();
    await this.#over.promise;
    await this.close();
    return this.#answer;
  }

  protected override onMessage(message: unknown): void {
    this.#answer = message;
  }

  protected override onDisconnect(): void {
    this.#over.resolve();
  }
}
