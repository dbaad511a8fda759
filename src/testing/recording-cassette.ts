import type { Dispatcher } from "undici";
import connectorOf from "undici/lib/core/connect.js";
import Agent from "undici/lib/dispatcher/agent.js";
import { watchingBreaks } from "../rest/broken-connection.ts";
import type { WitnessedOptions } from "../rest/slot-pool.ts";
import type { CassetteChoices } from "./cassette-options.ts";
import { closedCassette } from "./closed-cassette.ts";
import { misuseError } from "./misuse-error.ts";
import { interactionOf, requestOf, type SeenExchange, seenRequest } from "./recorded-exchange.ts";
import { type ExchangeEnd, plainBody, RecordingHandler } from "./recorder.ts";
import { type Interaction, writeRecording } from "./recording.ts";
import { Redactor } from "./redactor.ts";
import { watchedBody } from "./watched-body.ts";

/** Asks the real service, and writes what came of it when it is closed. */
export class RecordingCassette implements AsyncDisposable {
  readonly mode: "record" | "passthrough";
  readonly #choices: CassetteChoices;
  readonly #redactor: Redactor;
  readonly #own: Agent | undefined;
  readonly #exchanges: SeenExchange[] = [];
  #isClosed = false;

  constructor(choices: CassetteChoices, mode: "record" | "passthrough") {
    this.#choices = choices;
    this.mode = mode;
    this.#redactor = new Redactor(choices.redact, choices.secrets);
    this.#own = choices.dispatcher === undefined ? ownPool() : undefined;
  }

  dispatch(options: WitnessedOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (this.#isClosed) return closedCassette(this.#choices, options, handler);
    const to = this.#choices.dispatcher ?? this.#own;
    if (to === undefined || this.mode === "passthrough") return to?.dispatch(options, handler) ?? false;
    const watched = watchedBody(options.body);
    const exchange: SeenExchange = { request: seenRequest(options), sent: watched.sent, end: undefined };
    this.#exchanges.push(exchange);
    const done = (end: ExchangeEnd): void => {
      exchange.end ??= end;
    };
    return to.dispatch({ ...options, body: watched.body ?? null }, new RecordingHandler(handler, done));
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const { file, match, clock } = this.#choices;
    // What is under way still has no end to be recorded.
    const ended = this.#exchanges.flatMap((exchange) => {
      const { end } = exchange;
      return end === undefined ? [] : [{ exchange, end }];
    });
    await this.#own?.destroy(misuseError(`the call was under way when the cassette ${file} was closed`));
    if (ended.length === 0) return;
    const plain = await Promise.all(ended.map(async (one) => ({ ...one, body: await bodyOf(one.end) })));
    for (const { request, sent } of this.#exchanges) requestOf(request, sent(), this.#redactor, match);
    // All secrets are known before the first word is written: what one call shows may have been hidden in another.
    const write = (): Interaction[] =>
      plain.map(({ exchange, end, body }) => interactionOf(exchange, end, body, this.#redactor, match));
    write();
    const interactions = write();
    writeRecording(file, { recordedAt: new Date(clock.wallNow()).toISOString(), interactions });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function bodyOf(end: ExchangeEnd): Promise<Uint8Array> {
  return end.kind === "answer" ? plainBody(end.head, end.body, end.end === "whole") : new Uint8Array();
}

/** As the pool of a service is, but for the limits: those are the service's. */
function ownPool(): Agent {
  const connect = watchingBreaks(connectorOf({ allowH2: false }));
  return new Agent({ connect: connect as never, headersTimeout: 0, bodyTimeout: 0, allowH2: false });
}
