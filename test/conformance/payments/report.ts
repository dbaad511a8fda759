import type { Terminal } from "../../../examples/storefront/terminal.ts";
import type { Flags } from "./flags.ts";
import type { RunState } from "./run.ts";
import type { Proof, Saying } from "./verdict.ts";

/** Tells of a run and its proof, in at most 100 columns. */
export class Report {
  readonly #terminal: Terminal;
  readonly #flags: Flags;

  constructor(terminal: Terminal, flags: Flags) {
    this.#terminal = terminal;
    this.#flags = flags;
  }

  begin(): void {
    const { payments, kills, seed } = this.#flags;
    this.#terminal.print(`
  A shop pays ${counted(payments)} orders through a payment gateway that misbehaves by chance, and is killed
  with SIGKILL ${counted(kills)} times on the way. An order's key is on disk before its first request leaves;
  whoever comes after a kill finishes what the journal leaves open, under the same key. In the end,
  what the shop says of every call is held against the gateway's own books. (--seed ${seed})
`);
  }

  paid({ confirmed, weather }: RunState): void {
    // Now and then is often enough for an eye.
    if (confirmed % 20 !== 0) return;
    this.#terminal.live(`  ${counted(confirmed)} of ${counted(this.#flags.payments)} confirmed   ${inShort(weather)}`);
  }

  killed({ kills, confirmed, weather }: RunState): void {
    const at = `kill ${String(kills).padStart(String(this.#flags.kills).length)} of ${this.#flags.kills}`;
    this.#terminal.print(
      `  ${at}   ${counted(confirmed).padStart(6)} confirmed   ${this.#terminal.dim(inShort(weather))}`,
    );
  }

  verdict(proof: Proof, seconds: number): void {
    const { payments, calls, understated, retries, requests, kills, struck, problems } = proof;
    this.#terminal.live("");
    this.#heading("The payments");
    this.#row("orders", payments.ordered);
    this.#row("confirmed to the customer", payments.confirmed, payments.confirmed === payments.ordered);
    this.#row("in the gateway's ledger", payments.charges, payments.charges === payments.ordered);
    this.#row("lost", payments.lost, payments.lost === 0);
    this.#row("charged twice", payments.double, payments.double === 0);
    this.#heading("What the shop could say of each call, and how many had made a charge");
    for (const [saying, words] of Object.entries(inWords)) {
      const { calls: count, charged } = calls[saying as Saying];
      this.#row(words, count, true, `${counted(charged).padStart(7)} charged`);
    }
    this.#row("understated: said no effect, and was wrong", understated, understated === 0);
    this.#heading("On the way");
    this.#row("processes killed", kills, kills === this.#flags.kills);
    this.#row("requests that reached the gateway", requests);
    this.#row("retries within calls", retries);
    for (const [fault, times] of Object.entries(struck).toSorted(byName))
      this.#row(`fault: ${fault}`, times, times > 0);
    this.#terminal.print("");
    for (const problem of problems) this.#terminal.print(`  ${this.#terminal.bad(`Not proved: ${problem}.`)}`);
    if (problems.length > 0) return;
    const text = "Every order was charged exactly once, and no call promised more than it could know.";
    this.#terminal.print(`  ${this.#terminal.good(text)} (${Math.round(seconds)} s)`);
  }

  #heading(text: string): void {
    this.#terminal.print(`\n  ${this.#terminal.bold(text)}\n`);
  }

  #row(what: string, count: number, isGood = true, more = ""): void {
    const line = `${what.padEnd(46)}${counted(count).padStart(7)}`;
    this.#terminal.print(`        ${isGood ? line : this.#terminal.bad(line)}${more}`);
  }
}

const inWords: Readonly<Record<Saying, string>> = {
  success: "success",
  accepted: "accepted, but the answer was no use",
  unknown: "unknown",
  "cut-off": "cut off by a kill, so unknown",
  rejected: "rejected",
  "not-sent": "not-sent",
};

const inShort = (weather: readonly string[]): string => (weather.length === 0 ? "fair weather" : weather.join(", "));

const counted = (count: number): string => count.toLocaleString("en");

const byName = ([one]: readonly [string, number], [other]: readonly [string, number]): number => (one < other ? -1 : 1);
