import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../sandbox/random.ts";
import { thirds } from "./memory.ts";
import { dueAt } from "./messages.ts";
import { SendLedger } from "./send-ledger.ts";
import { Sequence } from "./sequence.ts";
import { type Evidence, violations } from "./verdict.ts";
import { spells, strokes, weatherFor } from "./weather.ts";

describe("a sequence", () => {
  test("counts what came again, and what did not come", () => {
    const sequence = new Sequence(0);

    for (const number of [1, 2, 2, 1, 3, 5]) sequence.take(number, number * 10);

    expect(sequence).toMatchObject({ last: 5, repeats: 2, gaps: 1, worstGapMs: 20 });
  });
});

describe("the ledger of sends", () => {
  const ledgerOf = (sends: number): SendLedger => {
    const ledger = new SendLedger(sends);
    for (let number = 1; number <= sends; number++) ledger.begin();
    return ledger;
  };

  test("finds nothing where all that was written arrived", () => {
    const ledger = ledgerOf(2);
    for (const number of [1, 2]) {
      ledger.settle(number, "written", 1);
      ledger.arrive(number, 1);
    }

    expect(ledger.begin()).toBeUndefined();
    expect(ledger.findings(1)).toMatchObject({
      started: 2,
      arrived: 2,
      falselyNotSent: 0,
      arrivedTwice: 0,
      disordered: 0,
      holes: 0,
      lostInCalm: 0,
      strangers: 0,
      lostWithConnection: 0,
    });
  });

  test("a written one that is lost is a hole where a later one arrived on its connection", () => {
    const ledger = ledgerOf(4);
    for (const number of [1, 2, 3]) ledger.settle(number, "written", 1);
    ledger.settle(4, "written", 2);
    ledger.arrive(2, 1);
    ledger.arrive(4, 2);

    expect(ledger.findings(2)).toMatchObject({ holes: 1, lostWithConnection: 1, lostInCalm: 0 });
    expect(ledger.findings(1)).toMatchObject({ holes: 1, lostWithConnection: 0, lostInCalm: 1 });
  });

  test("what was called not-sent must not arrive; what is unknown may or may not", () => {
    const ledger = ledgerOf(3);
    ledger.settle(1, "not-sent", 1);
    ledger.settle(2, "unknown", 1);
    ledger.settle(3, "unknown", 1);
    ledger.arrive(1, 1);
    ledger.arrive(2, 1);

    expect(ledger.findings(1)).toMatchObject({ falselyNotSent: 1, holes: 0, lostInCalm: 0 });
  });

  test("one that arrives twice, out of order, or from nobody is found, and one that is not settled", () => {
    const ledger = ledgerOf(3);
    ledger.arrive(2, 1);
    ledger.arrive(1, 1);
    ledger.arrive(2, 2);
    ledger.arrive(9, 2);

    expect(ledger.findings(2)).toMatchObject({ arrivedTwice: 1, disordered: 1, strangers: 1 });
    expect(ledger.unsettled).toBe(3);
  });
});

describe("the weather", () => {
  test("is the same for the same seed, has each kind, and is fair at the end", () => {
    const weather = weatherFor(60_000, seededRandom(5));

    expect(weatherFor(60_000, seededRandom(5))).toEqual(weather);
    expect(weatherFor(60_000, seededRandom(6))).not.toEqual(weather);
    expect(new Set(weather.map(({ kind }) => kind))).toEqual(new Set([...strokes, ...spells]));
    expect(weather.every(({ atMs }, index) => atMs > (weather[index - 1]?.atMs ?? 0))).toBe(true);
    expect(weather.at(-1)?.atMs).toBeLessThan(55_000);
    expect(weather.length).toBeGreaterThan(90);
  });
});

test("a number is due by the time alone, and none before the beginning or beyond the last", () => {
  const schedule = { startedAt: 1_000, perSecond: 100, total: 50 };

  expect([0, 1_000, 1_009, 1_010, 1_100, 9_000].map((now) => dueAt(now, schedule))).toEqual([0, 0, 0, 1, 10, 50]);
});

test("the thirds leave out the first tenth, and an outlier", () => {
  expect(thirds([99, 1, 1, 50, 2, 2, 2, 3, 3, 80])).toEqual({ first: 1, last: 3 });
});

describe("the verdict", () => {
  const sound: Evidence = {
    streams: 1,
    total: 10,
    consumers: [{ stream: 0, consumer: "onMessage", last: 10, gaps: 0, repeats: 0, worstGapMs: 1 }],
    sends: [new SendLedger(1).findings(1)],
    duplicates: 5,
    toldGaps: 0,
    pauses: 1,
    thrown: 2,
    told: 2,
    surprises: [],
    opens: 3,
    disconnects: 3,
    restarts: 1,
    dismissals: 1,
    proxy: {
      connections: 3,
      refused: 1,
      muted: 1,
      struck: Object.fromEntries(strokes.map((kind) => [kind, 1])),
      doubles: 0,
      open: 0,
    },
    heap: [100, 100, 100, 100, 109],
    left: [],
    openAtProxy: 0,
  };
  const [consumer] = sound.consumers;
  const [sends] = sound.sends;
  if (consumer === undefined || sends === undefined) throw new Error("there is one of each");

  test("holds where all is sound", () => {
    expect(violations(sound)).toEqual([]);
  });

  test.each<[string, Partial<Evidence>]>([
    ["a number is missing at the end", { consumers: [{ ...consumer, last: 9 }] }],
    ["a number is missing within", { consumers: [{ ...consumer, gaps: 1 }] }],
    ["a number came twice", { consumers: [{ ...consumer, repeats: 1 }] }],
    ["the stream itself tells of a gap", { toldGaps: 1 }],
    ["a send never settled", { sends: [{ ...sends, endings: { ...sends.endings, unsettled: 1 } }] }],
    ["a send ended in a strange error", { sends: [{ ...sends, endings: { ...sends.endings, other: 1 } }] }],
    ["not-sent was not true", { sends: [{ ...sends, falselyNotSent: 1 }] }],
    ["a send arrived twice", { sends: [{ ...sends, arrivedTwice: 1 }] }],
    ["sends changed places", { sends: [{ ...sends, disordered: 1 }] }],
    ["a send vanished within a connection", { sends: [{ ...sends, holes: 1 }] }],
    ["a send vanished at the end", { sends: [{ ...sends, lostInCalm: 1 }] }],
    ["somebody else sent", { sends: [{ ...sends, strangers: 1 }] }],
    ["an error was not told", { told: 1 }],
    ["an error was told twice", { told: 3 }],
    ["there was an error of no known kind", { surprises: ["TypeError"] }],
    ["an onDisconnect is missing", { disconnects: 2 }],
    ["a stream had two sockets", { proxy: { ...sound.proxy, doubles: 1 } }],
    ["a socket is open at the far side", { openAtProxy: 1 }],
    ["a timer is left", { left: ["Timeout"] }],
    ["the heap grew", { heap: [100, 100, 100, 100, 111] }],
    ["a kind of disturbance never struck", { restarts: 0 }],
    ["nothing had to be left out", { duplicates: 0 }],
    ["the reader never had to stop", { pauses: 0 }],
    ["hardly anything was broken", { opens: 1, disconnects: 1 }],
  ])("does not hold where %s", (_what, change) => {
    expect(violations({ ...sound, ...change })).toHaveLength(1);
  });
});
