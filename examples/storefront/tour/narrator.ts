import type { Terminal } from "../terminal.ts";
import type { Chapter } from "./chapters.ts";
import type { PlacedOrder } from "./customers.ts";
import type { Proof } from "./proof.ts";
import type { Witnessed } from "./witness.ts";

/** What there is to tell when a chapter is over. */
export interface Told {
  readonly chapter: Chapter;
  readonly orders: readonly PlacedOrder[];
  readonly witnessed: Witnessed;
  readonly struck: readonly number[];
  /** The longest time without a tick. */
  readonly silenceMs: number;
}

/** Tells the tour, in at most 100 columns. */
export class Narrator {
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  begin(url: string, seconds: number): void {
    this.#terminal.print(`
  A storefront takes payments and shows prices, moored to three services: a payment gateway, a
  notification service and a price feed. For about ${seconds} seconds, customers pay while one thing after
  another goes wrong. A customer who gets no confirmation asks again, under the same key.
  In the end the gateway's own ledger says what was charged. Watch it live: ${url}/
`);
  }

  chapter({ title, about }: Chapter, number: number, of: number): void {
    this.#terminal.print(`  ${this.#terminal.bold(`${String(number).padStart(2)}/${of}  ${title}`)}`);
    this.#line("fault", about);
  }

  told({ chapter, orders, witnessed, struck, silenceMs }: Told): void {
    const isOfFeed = chapter.faults.some(({ server }) => server === "feed");
    this.#line("customers", customersLine(orders));
    this.#line("Hawser", isOfFeed ? feedLine(witnessed, silenceMs) : callsLine(witnessed));
    if (struck.length > 0) this.#line("struck", struckLine(struck, witnessed));
    this.#terminal.print("");
  }

  verdict({ payments, feed, problems }: Proof, seconds: number): void {
    const row = (what: string, count: number, isGood = true): void => {
      const line = `${what.padEnd(34)}${String(count).padStart(6)}`;
      this.#terminal.print(`        ${isGood ? line : this.#terminal.bad(line)}`);
    };
    this.#terminal.print(`  ${this.#terminal.bold("The proof")}\n`);
    row("orders placed", payments.placed);
    row("confirmed to the customer", payments.confirmed, payments.confirmed === payments.placed);
    row("in the gateway's ledger", payments.charges, payments.charges === payments.placed);
    row("lost", payments.lost, payments.lost === 0);
    row("charged twice", payments.double, payments.double === 0);
    row("keys the gateway saw repeatedly", payments.keysSeenAgain);
    row("notifications sent", payments.notified);
    this.#terminal.print("");
    row("ticks delivered", feed.delivered);
    row("gaps", feed.gaps, feed.gaps === 0);
    row("duplicates", feed.duplicates, feed.duplicates === 0);
    row("out of order", feed.outOfOrder, feed.outOfOrder === 0);
    row("connections cut", feed.cuts);
    this.#terminal.print("");
    for (const problem of problems) this.#terminal.print(`  ${this.#terminal.bad(`Not proved: ${problem}.`)}`);
    if (problems.length > 0) return;
    const text = "No payment was lost, none was charged twice, and every price came once and in order.";
    this.#terminal.print(`  ${this.#terminal.good(text)} (${Math.round(seconds)} s)`);
  }

  #line(who: string, what: string): void {
    this.#terminal.print(`        ${this.#terminal.dim(who.padEnd(12))}${what}`);
  }
}

function customersLine(orders: readonly PlacedOrder[]): string {
  const paid = orders.filter(({ paymentId }) => paymentId !== undefined);
  const again = paid.filter(({ answers }) => answers.length > 1).length;
  const slowest = Math.max(...orders.map(({ durationMs }) => durationMs));
  const how = again === 0 ? "all at the first request" : `${again} of them had to ask again`;
  return `${paid.length} of ${orders.length} paid, ${how}; the slowest took ${duration(slowest)}`;
}

function callsLine({ calls, attempts, waitsMs }: Witnessed): string {
  const retries =
    waitsMs.length === 0 ? "" : `, ${counted(waitsMs.length, "retry", "retries")} after ${rangeOf(waitsMs)}`;
  return `${calls} calls, ${attempts} attempts${retries}`;
}

function feedLine({ outagesMs, dials }: Witnessed, silenceMs: number): string {
  const times = outagesMs.length === 1 ? "" : ` ${outagesMs.length} times`;
  const back = `back${times} after ${rangeOf(outagesMs)}, with ${counted(dials, "dial")}`;
  return `${outagesMs.length === 0 ? "no reconnect" : back}; longest silence ${duration(silenceMs)}`;
}

function struckLine(struck: readonly number[], { failed, failedNotifications }: Witnessed): string {
  const parts = [
    counted(
      struck.reduce((sum, one) => sum + one, 0),
      "time",
    ),
  ];
  const outcomes = Object.entries(failed).map(([outcome, count]) => `${count} ${outcome}`);
  if (outcomes.length > 0) parts.push(`calls that failed in the end: ${outcomes.join(", ")}`);
  if (failedNotifications > 0) parts.push(`${failedNotifications} notifications failed, and no payment with them`);
  return parts.join("; ");
}

const counted = (count: number, what: string, plural = `${what}s`): string => `${count} ${count === 1 ? what : plural}`;

/** `4 to 98 ms`, `0.1 to 1.2 s`: both in the unit of the larger. */
function rangeOf(ms: readonly number[]): string {
  const [least, most] = [Math.min(...ms), Math.max(...ms)];
  const from = most < 1000 ? String(Math.round(least)) : (least / 1000).toFixed(1);
  return duration(most).startsWith(`${from} `) ? duration(most) : `${from} to ${duration(most)}`;
}

const duration = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
