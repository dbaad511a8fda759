import type { Dispatcher } from "undici";
import { ServiceConfigurationError } from "../core/errors.ts";
import type { WitnessedOptions } from "../rest/slot-pool.ts";
import { recordedDifferences, unmatchedText } from "./cassette-match.ts";
import type { CassetteChoices } from "./cassette-options.ts";
import { assertionError } from "./assertion-error.ts";
import { closedCassette } from "./closed-cassette.ts";
import { failTest } from "./fail-test.ts";
import { connectError } from "./faults.ts";
import { type Line, LocalWire } from "./local-wire.ts";
import { misuseError } from "./misuse-error.ts";
import { isBodyKnown } from "./mock-call.ts";
import { playedAnswer } from "./played-answer.ts";
import { requestOf, seenRequest } from "./recorded-exchange.ts";
import { type Interaction, readRecording, type RecordedRequest } from "./recording.ts";
import { Redactor } from "./redactor.ts";
import { watchedBody } from "./watched-body.ts";
import { writeAnswer, writeFault } from "./write-answer.ts";

interface Track {
  readonly interaction: Interaction;
  readonly request: RecordedRequest;
  isUsed: boolean;
}

/** Answers from a file, and asks nobody. */
export class PlayingCassette implements AsyncDisposable {
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
    if (this.#isClosed) return closedCassette(this.#choices, options, handler);
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
    const error = await this.#end();
    if (error !== undefined) throw error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const error = await this.#end();
    if (error !== undefined) failTest(error);
  }

  async #end(): Promise<Error | undefined> {
    if (this.#isClosed) return undefined;
    this.#isClosed = true;
    const { file, onUnused } = this.#choices;
    await this.#wire.destroy(`the cassette ${file}`);
    const unused = this.#tracks.filter(({ isUsed }) => !isUsed);
    const lines = unused.map(({ request }) => `  ${request.method} ${request.url}`).join("\n");
    const left = `the cassette ${file} has ${unused.length} of ${this.#tracks.length} recordings that were not played:\n${lines}`;
    const problems = [...this.#unmatched, ...(unused.length > 0 && onUnused === "fail" ? [left] : [])];
    if (problems.length > 0) return assertionError(problems.join("\n"));
    if (unused.length > 0 && onUnused === "warn") this.#warn(left);
    return undefined;
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
