import { setImmediate as turn, setTimeout as wait } from "node:timers/promises";
import type { Certificates } from "../../support/certificates.ts";
import type { Client, ClientSettings } from "./clients/client.ts";
import { FarSide, healthyMessage } from "./far-side.ts";
import { type FaultCase, limitsOf, messagesOf } from "./fault-case.ts";
import { Patience } from "./patience.ts";

/** A known secret, in the query of every upgrade request. It may not show in what is told. */
export const secret = "token-5e1f7a9c";

/** What became of a message that the application sent; `silent` where the client does not tell. */
export interface Sent {
  readonly message: string;
  end: "pending" | "resolved" | "refused" | "silent";
}

/** What was seen of a case. */
export interface Observation {
  /** The far side came as far as the case wants. */
  readonly isReached: boolean;
  /** What the handler was given, without the healthy message. */
  readonly messages: readonly string[];
  readonly told: readonly unknown[];
  readonly sent: readonly Sent[];
  /** What came at the far side, without the message that tries whether it works. */
  readonly received: readonly string[];
  /** Dials up to the moment that the case names. */
  readonly dials: number;
  /** Dials in all, before it was closed. */
  readonly allDials: number;
  /** What the far side was told in Close frames of the first connection. */
  readonly closeCodes: readonly number[];
  readonly badFrames: readonly string[];
  readonly floodedBytes: number;
  /** Whether, once the far side was healed, a message came from it and one went to it. */
  readonly works: boolean;
  /** Connections that were open beside the one that works. */
  readonly idleLines: number;
  readonly isClosed: boolean;
  /** Of what was left: dials after it was closed, and what the run counts. */
  readonly lateDials: number;
  readonly leftovers: number;
}

/** What a run needs beside the case. */
export interface Run {
  open(settings: ClientSettings): Client;
  /** On the client's own scale, in milliseconds. */
  now(): number;
  sleep(ms: number): Promise<void>;
  readonly certificates: Certificates | undefined;
  /** After which something counts as never coming about, in milliseconds of the machine. */
  readonly cutOffMs: number;
  /** Timers, sockets and the like that hold the process. */
  resources(): number;
}

// A flood that got rid of nothing for so long has come to a standstill; in milliseconds of the machine.
const standstillMs = 400;
// As long as any wait before a redial.
const quietMs = 500;
const lastMessage = "still there";

/** Runs one case against one client, from the first connection to the last that is closed. */
export async function runCase(faultCase: FaultCase, run: Run): Promise<Observation> {
  const side = await FarSide.open(faultCase.farSide, () => run.now(), run.certificates);
  const stage = new Stage(faultCase, side, run);
  try {
    await stage.play();
    const closed = await stage.close();
    return { ...stage.observed(), ...closed };
  } finally {
    await side.close();
  }
}

/** A case while it is played. */
class Stage {
  readonly #case: FaultCase;
  readonly #side: FarSide;
  readonly #run: Run;
  readonly #client: Client;
  /** What was held before there was a client. */
  readonly #resources: number;
  readonly #messages: string[] = [];
  readonly #told: unknown[] = [];
  readonly #sent: Sent[] = [];
  readonly #healed = Promise.withResolvers<void>();
  readonly #patience: Patience;
  #isReached = false;
  #isHealthy = false;
  #works = false;
  #dials = 0;
  #asked = 0;
  #opens = 0;
  #losses = 0;
  #allDials = 0;
  #floodedBytes = 0;
  #idleLines = 0;

  constructor(faultCase: FaultCase, side: FarSide, run: Run) {
    this.#case = faultCase;
    this.#side = side;
    this.#run = run;
    this.#patience = new Patience(run.cutOffMs);
    this.#resources = run.resources();
    side.watch(() => this.#patience.lookAgain());
    const { application: { protocols = [], provider, isCompressed = false } = {} } = faultCase;
    this.#client = run.open({
      url: side.url,
      token: secret,
      ca: faultCase.farSide.scheme === undefined ? undefined : run.certificates?.ca,
      limits: limitsOf(faultCase),
      protocols,
      isCompressed,
      provider: provider === undefined ? undefined : async () => this.#provide(provider),
      hears: {
        opened: () => this.#count(() => this.#opens++),
        lost: () => this.#count(() => this.#losses++),
        told: (report) => this.#count(() => this.#told.push(report)),
        message: (message) => this.#handle(message),
      },
    });
  }

  async play(): Promise<void> {
    const { application: { sends, provider, awaitsFailures = 0 } = {}, dials, maxFloodBytes, expect } = this.#case;
    const side = this.#side;
    if (sends?.when === "open") {
      await this.#patience.comesAbout(() => this.#opens > 0);
      this.#sendAll(sends.messages);
    }
    const isAboutProvider = provider !== undefined && provider !== "issues";
    this.#isReached = isAboutProvider
      ? await this.#patience.comesAbout(() => this.#asked > 0)
      : await this.#patience.isDone(side.reached);
    // What the far side wrote is with the client after a turn of the loop, or it will never be.
    for (let turns = 0; turns < 5; turns++) await turn();
    if (maxFloodBytes !== undefined) await this.#standstill();
    this.#floodedBytes = side.floodedBytes;
    if (sends?.when === "lost") {
      await this.#patience.comesAbout(() => this.#losses > 0);
      this.#sendAll(sends.messages);
    }
    this.#isReached &&= await this.#patience.comesAbout(() => this.#told.length >= awaitsFailures);
    if (expect.stream === "closes") return;
    if (expect.stream === "gives up") {
      await this.#patience.comesAbout(() => this.#told.length > 0);
      await this.#run.sleep(quietMs);
    }
    if (dials !== undefined) await this.#watchDials(dials.withinMs);
    if (expect.sends === "are settled")
      await this.#patience.comesAbout(() => this.#sent.every(({ end }) => end !== "pending"));
    const sentNow = this.#sent.map((one) => ({ ...one }));
    if (expect.stream !== "gives up") await this.#tryWhetherItWorks();
    if (expect.sends === "are settled") this.#sent.splice(0, Number.POSITIVE_INFINITY, ...sentNow);
    this.#allDials = side.dials();
  }

  /** Closes as the application would, as often as the case wants. */
  async close(): Promise<Pick<Observation, "isClosed" | "lateDials" | "leftovers">> {
    const { application: { closes = 1 } = {}, expect } = this.#case;
    const side = this.#side;
    const before = side.dials();
    const closing = Promise.all(Array.from({ length: closes }, async () => this.#client.close()));
    const isDone = await this.#patience.isDone(closing.then(() => undefined));
    // What was not read is let go, or the end of its connection would never be seen.
    side.readOn();
    const isClosed = (await this.#patience.comesAbout(() => side.openLines === 0)) && isDone;
    const leftovers = await this.#leftovers();
    if (expect.stream === "closes") {
      // Who dials once more does so while the far side is good to it.
      await side.heal("new lines");
      await this.#run.sleep(quietMs);
    }
    return { isClosed, lateDials: side.dials() - before, leftovers };
  }

  /** What the client still holds. A socket is gone only after some turns of the loop, and a timer of no time may pass. */
  async #leftovers(): Promise<number> {
    const count = (): number => Math.max(0, this.#run.resources() - this.#resources);
    for (let waits = 0; waits < 10 && count() > 0; waits++) await wait(2);
    return count();
  }

  observed(): Omit<Observation, "isClosed" | "lateDials" | "leftovers"> {
    const side = this.#side;
    return {
      isReached: this.#isReached,
      messages: this.#messages,
      told: this.#told,
      sent: this.#sent,
      received: side.received.filter((message) => message !== lastMessage),
      dials: this.#dials,
      allDials: this.#allDials,
      closeCodes: side.lines[0]?.closeCodes ?? [],
      badFrames: side.lines.flatMap(({ badFrames }) => badFrames),
      floodedBytes: this.#floodedBytes,
      works: this.#works,
      idleLines: this.#idleLines,
    };
  }

  async #tryWhetherItWorks(): Promise<void> {
    const { expect } = this.#case;
    const side = this.#side;
    await side.heal(expect.stream === "comes back" ? "new lines" : "all lines");
    this.#healed.resolve();
    if (!(await this.#patience.comesAbout(() => this.#isHealthy))) return;
    if (expect.stream === "goes on") {
      const wanted = messagesOf(expect).length;
      await this.#patience.comesAbout(() => this.#messages.length >= wanted);
    }
    // Lets the client's own bookkeeping of the new connection come to its end.
    for (let turns = 0; turns < 5; turns++) await turn();
    void this.#send(lastMessage);
    this.#works = await this.#patience.comesAbout(() => side.received.includes(lastMessage));
    await this.#patience.comesAbout(() => side.openLines <= 1);
    this.#idleLines = Math.max(0, side.openLines - 1);
  }

  async #watchDials(withinMs: number): Promise<void> {
    const until = this.#run.now() + withinMs;
    await this.#run.sleep(withinMs);
    this.#dials = this.#side.dials(until);
  }

  #handle(message: string): void | Promise<void> {
    if (message === healthyMessage) return this.#count(() => (this.#isHealthy = true));
    this.#count(() => this.#messages.push(message));
    switch (this.#case.application?.handler ?? "keeps") {
      case "keeps":
        return undefined;
      case "throws":
        throw new Error("a handler that throws");
      case "rejects":
        return Promise.reject(new Error("a handler that rejects"));
      case "hangs":
        return this.#healed.promise;
    }
  }

  async #provide(how: NonNullable<NonNullable<FaultCase["application"]>["provider"]>): Promise<string> {
    this.#count(() => this.#asked++);
    if (how === "rejects once" && this.#asked === 1) throw new Error("the issuer of credentials is down");
    if (how === "hangs" || (how === "hangs once" && this.#asked === 1)) await new Promise<void>(() => undefined);
    return `credential-${this.#asked}`;
  }

  #sendAll(messages: readonly string[]): void {
    for (const message of messages) this.#sent.push(this.#send(message));
  }

  #send(message: string): Sent {
    const sent: Sent = { message, end: "pending" };
    const settle = (end: Sent["end"]): void => this.#count(() => (sent.end = end));
    try {
      const sending = this.#client.send(message);
      if (sending === undefined) sent.end = "silent";
      else
        sending.then(
          () => settle("resolved"),
          (error: unknown) => {
            settle("refused");
            this.#told.push(error);
          },
        );
    } catch (error) {
      sent.end = "refused";
      this.#told.push(error);
    }
    return sent;
  }

  /** Until the flood is over, or nothing of it was taken for a while. */
  async #standstill(): Promise<void> {
    let bytes = -1;
    let since = performance.now();
    while (!this.#side.isFloodOver && performance.now() - since < standstillMs) {
      if (this.#side.floodedBytes !== bytes) since = performance.now();
      bytes = this.#side.floodedBytes;
      await wait(5);
    }
  }

  #count(note: () => unknown): void {
    note();
    this.#patience.lookAgain();
  }
}
