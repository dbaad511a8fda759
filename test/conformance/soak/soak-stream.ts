import type { Random } from "../../../sandbox/random.ts";
import { isExternalServiceError } from "../../../src/core/errors.ts";
import { silentLogger } from "../../../src/core/logger.ts";
import { json } from "../../../src/websocket/codecs/codecs.ts";
import { WebSocketService } from "../../../src/websocket/websocket-service.ts";
import type { ConsumerName } from "../../../src/websocket/receive/lane.ts";
import type { Hello } from "./messages.ts";
import { SendLedger } from "./send-ledger.ts";
import { Sequence } from "./sequence.ts";

/** What the far side sends. */
interface Numbered {
  readonly n: number;
  /** Its answer to a greeting, where that is wanted; it has no number. */
  readonly welcome?: true;
}

/** What a handler threw on purpose. */
class Thrown extends Error {
  override readonly name = "Thrown";
}

export interface SoakStreamOptions {
  readonly url: string;
  readonly stream: number;
  /** Of what its handlers do. */
  readonly random: Random;
  /** How many sends there will be at most. */
  readonly maxSends: number;
}

const pause = async (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

const greetsInOnConnect = (stream: number): boolean => stream % 2 === 1;

/** A stream with three consumers, each of which has to be given every number once and in order. */
export class SoakStream extends WebSocketService<Numbered> {
  readonly stream: number;
  readonly sends: SendLedger;
  readonly sequences: Readonly<Record<"onMessage" | "slow" | "iterator", Sequence>>;
  /** How often a handler threw, and how often `onError` was told of it. */
  readonly thrown = { thrown: 0, told: 0 };
  readonly #random: Random;
  opens = 0;
  /** What the library says is missing. */
  gaps = 0;
  disconnects = 0;
  /** Errors that are none of ours to expect. */
  readonly surprises: unknown[] = [];

  constructor({ url, stream, random, maxSends }: SoakStreamOptions) {
    super({
      name: `stream-${stream}`,
      baseUrl: url,
      endpoint: `/stream/${stream}`,
      logger: silentLogger,
      codec: json() as never,
      reconnect: { baseDelayMs: 20, maxDelayMs: 400, stableAfterMs: 1_000 },
      connectTimeoutMs: 2_000,
      // Shorter than some outages: a send has to be able to end as not-sent.
      sendTimeoutMs: 700,
      pingIntervalMs: 400,
      pingTimeoutMs: 800,
      inbox: { maxMessages: 256 },
      outbox: { maxMessages: 256 },
      resume: {
        positionOf: ({ n }) => n,
        ...(greetsInOnConnect(stream) ? {} : { request: (after) => this.#hello(Number(after), false) }),
        // The far side says nothing before it was greeted.
        from: 0,
        onGap: () => {
          this.gaps += 1;
        },
      },
    });
    this.stream = stream;
    this.#random = random;
    this.sends = new SendLedger(maxSends);
    const now = performance.now();
    this.sequences = { onMessage: new Sequence(now), slow: new Sequence(now), iterator: new Sequence(now) };
    this.addMessageHandler(this.#slow);
    void this.#iterate();
  }

  /** Sends the next number; how that ends is in the ledger. */
  async sendNext(): Promise<void> {
    const number = this.sends.begin();
    if (number === undefined) return;
    try {
      await this.send({ up: number });
      this.sends.settle(number, "written", this.state.generation);
    } catch (error) {
      const outcome = isExternalServiceError(error) ? error.outcome : undefined;
      const ending = outcome === "not-sent" || outcome === "unknown" ? outcome : "other";
      if (ending === "other") this.surprises.push(error);
      this.sends.settle(number, ending, this.state.generation);
    }
  }

  /** Whether every consumer has all up to this number. */
  hasAll(total: number): boolean {
    return Object.values(this.sequences).every(({ last }) => last >= total);
  }

  /** Half of the streams greet by `resume.request`, and half here, where what comes with the answer has to be kept. */
  protected override async onConnect(): Promise<void> {
    this.opens += 1;
    if (!greetsInOnConnect(this.stream)) return;
    const after = Number(this.positions().get("") ?? 0);
    await this.request(this.#hello(after, true), { match: ({ welcome }) => welcome === true });
  }

  protected override onDisconnect(): void {
    this.disconnects += 1;
  }

  protected override onMessage({ n }: Numbered): void {
    this.sequences.onMessage.take(n, performance.now());
    if (this.#random() < 0.002) {
      this.thrown.thrown += 1;
      throw new Thrown("on purpose");
    }
  }

  protected override onError(error: unknown, from: ConsumerName): void {
    if (error instanceof Thrown) this.thrown.told += 1;
    else if (from.consumer !== "connection" && from.consumer !== "onConnect") this.surprises.push(error);
  }

  /** Holds its lane up now and then, in some streams so long that the reader has to be paused. */
  readonly #slow = async ({ n }: Numbered): Promise<void> => {
    this.sequences.slow.take(n, performance.now());
    const chance = this.#random();
    if (chance < 0.0015 && this.stream % 5 === 0) await pause(3_000);
    else if (chance < 0.02) await pause(chance * 2_000);
    if (this.#random() < 0.002) {
      this.thrown.thrown += 1;
      throw new Thrown("on purpose, and late");
    }
  };

  #hello(after: number, isWelcomeWanted: boolean): Hello {
    return { hello: this.stream, after, generation: this.state.generation, isWelcomeWanted };
  }

  async #iterate(): Promise<void> {
    for await (const { n } of this.messages()) this.sequences.iterator.take(n, performance.now());
  }
}
