import { AssertionError } from "node:assert";
import { existsSync } from "node:fs";
import type { Dispatcher } from "undici";
import connectorOf from "undici/lib/core/connect.js";
import Agent from "undici/lib/dispatcher/agent.js";
import { ServiceConfigurationError } from "../core/errors.ts";
import { watchingBreaks } from "../rest/broken-connection.ts";
import type { WitnessedOptions } from "../rest/slot-pool.ts";
import { type CassetteChoices, type CassetteOptions, readCassetteOptions } from "./cassette-options.ts";
import { recordedDifferences, unmatchedText } from "./cassette-match.ts";
import { connectError } from "./faults.ts";
import { type Line, LocalWire } from "./local-wire.ts";
import { misuseError } from "./misuse-error.ts";
import { isBodyKnown } from "./mock-call.ts";
import { playedAnswer } from "./played-answer.ts";
import { type ExchangeEnd, plainBody, RecordingHandler } from "./recorder.ts";
import { interactionOf, requestOf, type SeenExchange, seenRequest } from "./recorded-exchange.ts";
import { type Interaction, readRecording, type RecordedRequest, writeRecording } from "./recording.ts";
import { Redactor } from "./redactor.ts";
import { watchedBody } from "./watched-body.ts";
import { writeAnswer, writeFault } from "./write-answer.ts";

/** A recording of a real service, made once and played from then on: the option `dispatcher` of a RESTService. */
export interface Cassette extends AsyncDisposable {
  /** What it does: `auto` has become one of these. */
  readonly mode: "record" | "replay" | "passthrough";
  /** What undici calls a dispatcher. */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean;
  /**
   * Where it recorded, writes the file, as a whole or not at all. Where it played, looks for what was not played.
   *
   * @throws AssertionError for calls that had no recording, and as `onUnused` says.
   */
  close(): Promise<void>;
}

/**
 * Makes a cassette. The file is read at once; nothing is asked of anybody before the first call.
 *
 * @throws ServiceConfigurationError with every problem at once; for a file that does not exist, holds something else
 * or, as `onStale` says, is too old.
 */
export function cassette(options: CassetteOptions): Cassette {
  const choices = readCassetteOptions(options);
  const mode = modeOf(choices);
  return mode === "replay" ? new PlayingCassette(choices) : new RecordingCassette(choices, mode);
}

function modeOf({ mode, file, env }: CassetteChoices): Cassette["mode"] {
  if (mode !== "auto") return mode;
  if (existsSync(file)) return "replay";
  if (env.CI === undefined || env.CI === "" || env.CI === "false") return "record";
  throw new ServiceConfigurationError("cassette", [
    `${file} does not exist, and is not recorded where CI is set: record it on your machine and commit it`,
  ]);
}

class RecordingCassette implements Cassette {
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
    // What is under way still has no end to be recorded.
    const ended = this.#exchanges.flatMap((exchange) => {
      const { end } = exchange;
      return end === undefined ? [] : [{ exchange, end }];
    });
    await this.#own?.destroy();
    if (ended.length === 0) return;
    const plain = await Promise.all(ended.map(async (one) => ({ ...one, body: await bodyOf(one.end) })));
    const { file, match, clock } = this.#choices;
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

interface Track {
  readonly interaction: Interaction;
  readonly request: RecordedRequest;
  isUsed: boolean;
}

class PlayingCassette implements Cassette {
  readonly mode = "replay";
  readonly #choices: CassetteChoices;
  readonly #redactor: Redactor;
  readonly #wire: LocalWire;
  readonly #tracks: readonly Track[];
  readonly #unmatched: string[] = [];
  #isClosed = false;

  constructor(choices: CassetteChoices) {
    this.#choices = choices;
    this.#redactor = new Redactor(choices.redact, choices.secrets);
    this.#wire = new LocalWire(choices.clock);
    const { recordedAt, interactions } = readRecording(choices.file);
    this.#tracks = interactions.map((interaction) => ({ interaction, request: interaction.request, isUsed: false }));
    const ageMs = choices.clock.wallNow() - Date.parse(recordedAt);
    if (ageMs <= choices.maxAgeMs) return;
    const days = (ms: number): string => `${Math.round(ms / 8_640_000) / 10} days`;
    const text = `${choices.file} is stale: it was recorded ${days(ageMs)} ago, and maxAgeMs allows ${days(choices.maxAgeMs)}`;
    if (choices.onStale === "fail") throw new ServiceConfigurationError("cassette", [text]);
    this.#warn(text);
  }

  dispatch(options: WitnessedOptions, handler: Dispatcher.DispatchHandler): boolean {
    const seen = seenRequest(options);
    const isKnown = isBodyKnown(options.body);
    const requestWith = (body: Uint8Array): RecordedRequest =>
      requestOf(seen, body, this.#redactor, this.#choices.match);
    const early = requestWith(watchedBody(isKnown ? options.body : null).sent());
    // A body that is a stream is compared once it has arrived.
    const track = this.#find(early, isKnown);
    const isLate = !isKnown && this.#choices.match.body && track !== undefined && !isConnectFault(track.interaction);
    if (track === undefined) {
      const error = misuseError(this.#missing(early));
      this.#wire.dispatch(options, handler, { kind: "no-connection", error, afterMs: 0 });
      return true;
    }
    if (!isLate) track.isUsed = true;
    const { origin } = new URL(String(options.origin));
    const error = "fault" in track.interaction ? connectError(track.interaction.fault, origin) : undefined;
    if (error !== undefined) {
      this.#wire.dispatch(options, handler, { kind: "no-connection", error, afterMs: 0 });
      return true;
    }
    const arrived = async (body: Uint8Array, line: Line): Promise<void> => {
      const request = isLate ? requestWith(body) : early;
      const found = isLate ? this.#find(request, true) : track;
      if (found === undefined) {
        line.break(misuseError(this.#missing(request)));
        return;
      }
      found.isUsed = true;
      await this.#play(found.interaction, String(options.method), line);
    };
    this.#wire.dispatch(options, handler, { kind: "connection", arrived });
    return true;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#wire.destroy();
    const { file, onUnused } = this.#choices;
    const unused = this.#tracks.filter(({ isUsed }) => !isUsed);
    const lines = unused.map(({ request }) => `  ${request.method} ${request.url}`).join("\n");
    const left = `the cassette ${file} has ${unused.length} of ${this.#tracks.length} recordings that were not played:\n${lines}`;
    const problems = [...this.#unmatched, ...(unused.length > 0 && onUnused === "fail" ? [left] : [])];
    if (problems.length > 0) throw new AssertionError({ message: problems.join("\n") });
    if (unused.length > 0 && onUnused === "warn") this.#warn(left);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #find(request: RecordedRequest, isBodyThere: boolean): Track | undefined {
    const { match } = this.#choices;
    const rules = { ...match, body: match.body && isBodyThere };
    return this.#tracks.find((one) => !one.isUsed && recordedDifferences(one.request, request, rules).length === 0);
  }

  #missing(request: RecordedRequest): string {
    const text = unmatchedText(this.#choices.file, request, this.#tracks, this.#choices.match);
    this.#unmatched.push(text);
    return text;
  }

  async #play(interaction: Interaction, method: string, line: Line): Promise<void> {
    if ("fault" in interaction) await writeFault(line, interaction.fault);
    else await writeAnswer(this.#wire, line, method, playedAnswer(interaction.answer));
  }

  #warn(text: string): void {
    const { logger } = this.#choices;
    if (logger === undefined) process.emitWarning(text, { type: "CassetteWarning" });
    else logger.warn({}, text);
  }
}

const isConnectFault = (interaction: Interaction): boolean =>
  "fault" in interaction && connectError(interaction.fault, "http://localhost") !== undefined;

async function bodyOf(end: ExchangeEnd): Promise<Uint8Array> {
  return end.kind === "answer" ? plainBody(end.head, end.body, end.end === "whole") : new Uint8Array();
}

/** As the pool of a service is, but for the limits: those are the service's. */
function ownPool(): Agent {
  const connect = watchingBreaks(connectorOf({ allowH2: false }));
  return new Agent({ connect: connect as never, headersTimeout: 0, bodyTimeout: 0, allowH2: false });
}
