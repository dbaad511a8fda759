import { describe, expect, test } from "vitest";
import { DeadlineList } from "../../src/core/deadline-list.ts";
import { Call } from "../../src/resilience/call.ts";
import type { Admission, Permits, Policy } from "../../src/resilience/policy.ts";
import { type Ended, isPermits, PolicyChain } from "../../src/resilience/policy-chain.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";
import { aborted, failure, HeldWait, success, Witness } from "./calls.ts";

const done: Ended<string> = { end: success };

function chainOf(...policies: readonly Policy[]) {
  const clock = new VirtualClock();
  const list = new DeadlineList<Call>(clock);
  const call = new Call(clock, list, {
    operation: "GET /x",
    deadlineMs: 30_000,
    attemptTimeoutMs: 10_000,
    signals: [],
  });
  call.hold();
  call.applyForAttempt();
  const chain = new PolicyChain("payments", clock, policies);
  let works = 0;
  const work = async (): Promise<Ended<string>> => {
    works++;
    return done;
  };
  return { clock, call, chain, work, list, works: () => works };
}

type Work = () => Promise<Ended<string>>;

/** Does the work where the policies let it, as the executor does. */
async function through(chain: PolicyChain, call: Call, work: Work): Promise<Ended<string>> {
  const entered = await chain.enter(call, 0);
  return isPermits(entered) ? within(chain, entered, work) : entered;
}

async function throughAtOnce(chain: PolicyChain, call: Call, work: Work): Promise<Ended<string> | undefined> {
  const entered = chain.enterAtOnce(call, 0);
  return entered === undefined ? undefined : within(chain, entered, work);
}

async function within(chain: PolicyChain, permits: Permits, work: Work): Promise<Ended<string>> {
  let ended: Ended<string> | undefined;
  try {
    ended = await work();
    return ended;
  } finally {
    chain.leave(permits, ended?.end, 0);
  }
}

/** Admissions in this order, the last one from then on. */
const inTurn = (...admissions: readonly Admission[]): (() => Admission) => {
  let asked = 0;
  return () => admissions[Math.min(asked++, admissions.length - 1)] ?? { kind: "go" };
};

/** A witness whose permits hold as long as it says. */
class Wavering extends Witness {
  doesHold = true;
  readonly asked: unknown[] = [];
  holds(permit: unknown, now: number): boolean {
    this.asked.push([permit, now]);
    return this.doesHold;
  }
}

test("without policies there is only the work", async () => {
  const { chain, call, work, works } = chainOf();
  expect(await through(chain, call, work)).toBe(done);
  expect(works()).toBe(1);
});

test("an answer of a policy is the end of the call, and a refusal says that it is one", async () => {
  const log: string[] = [];
  const answer = chainOf(
    new Witness("a", log),
    new Witness("b", log, { admit: () => ({ kind: "answer", end: aborted }) }),
  );
  expect(await through(answer.chain, answer.call, answer.work)).toEqual({ end: aborted, isRefused: true });
  expect(log).toEqual(["admit a", "admit b", "settle a: aborted"]);

  const refusal = failure();
  const refuse = chainOf(new Witness("b", log, { admit: () => ({ kind: "refuse", failure: refusal }) }));
  const ended = await through(refuse.chain, refuse.call, refuse.work);
  expect(ended).toEqual({ end: { kind: "failure", failure: refusal }, isRefused: true });
  expect([answer.works(), refuse.works()]).toEqual([0, 0]);
});

describe("a policy that wavers", () => {
  const scene = () => {
    const log: string[] = [];
    const wait = new HeldWait();
    const first = new Wavering("first", log);
    const queue = new Witness("queue", log, { admit: inTurn(wait.admission, { kind: "go", permit: "second place" }) });
    return { log, wait, first, ...chainOf(first, new Witness("plain", log), queue, new Witness("last", log)) };
  };

  test("is not asked whether its permit holds where nobody waited", async () => {
    const first = new Wavering("first", []);
    const { call, chain, work } = chainOf(first);
    await through(chain, call, work);
    expect(first.asked).toEqual([]);
  });

  test("whose permit still holds after a wait leaves everything as it is", async () => {
    const { log, wait, first, clock, call, chain, work } = scene();
    const run = through(chain, call, work);
    await clock.advance(500);
    wait.letGo("place");
    expect(await run).toBe(done);
    expect(first.asked).toEqual([["first", 500]]);
    expect(log.slice(0, 4)).toEqual(["admit first", "admit plain", "admit queue", "admit last"]);
  });

  test("whose permit went stale gets all permits back, in reverse, and all are asked anew", async () => {
    const { log, wait, first, call, chain, work, works } = scene();
    const run = through(chain, call, work);
    await settled();
    first.doesHold = false;
    wait.letGo("place");
    expect(await run).toBe(done);
    expect(log).toEqual([
      "admit first",
      "admit plain",
      "admit queue",
      "settle place: aborted",
      "settle plain: aborted",
      "settle first: aborted",
      "admit first",
      "admit plain",
      "admit queue",
      "admit last",
      "settle last: success",
      "settle second place: success",
      "settle plain: success",
      "settle first: success",
    ]);
    expect(works()).toBe(1);
  });

  test("costs nobody a permit where a policy throws as it gets one back", async () => {
    const log: string[] = [];
    const wait = new HeldWait();
    const first = new Wavering("first", log);
    const defect = new Error("defect");
    const broken: Policy = {
      name: "broken",
      scope: "attempt",
      admit: () => wait.admission,
      settle: () => {
        throw defect;
      },
    };
    const { call, chain, work } = chainOf(first, broken);
    const run = through(chain, call, work);
    await settled();
    first.doesHold = false;
    wait.letGo("place");
    await expect(run).rejects.toBe(defect);
    expect(log).toEqual(["admit first", "settle first: aborted"]);
  });
});

describe("a bounded wait", () => {
  const limited = () => {
    const wait = new HeldWait();
    const scene = chainOf(new Witness("queue", [], { admit: () => ({ ...wait.admission, limitMs: 200 }) }));
    return { wait, ...scene };
  };

  test("ends with its limit, and ends the call with it", async () => {
    const { wait, clock, call, chain, work, works } = limited();
    const run = through(chain, call, work);
    await clock.advance(199);
    expect(wait.givenUp).toBe(0);
    await clock.advance(1);
    const { end } = await run;
    expect(end).toMatchObject({ kind: "failure", failure: { code: "timeout-queue", outcome: "not-sent" } });
    expect(call.interruption).toMatchObject({ kind: "limit", limit: "queue", limitMs: 200 });
    expect([wait.givenUp, works()]).toEqual([1, 0]);
  });

  test("sets no limit where it is over as soon as it begins", async () => {
    const admission: Admission = {
      kind: "wait",
      limitMs: 200,
      begin: (answer) => {
        answer({ kind: "go" });
        return () => undefined;
      },
    };
    const { call, chain } = chainOf(new Witness("queue", [], { admit: () => admission }));
    let expiresAt = 0;
    await through(chain, call, async () => {
      ({ expiresAt } = call);
      return done;
    });
    expect(expiresAt).toBe(30_000);
  });

  test("whose limit passes in the turn of its answer is over: the permit is settled, and nothing is made", async () => {
    const log: string[] = [];
    const wait = new HeldWait();
    const scene = chainOf(new Witness("queue", log, { admit: () => ({ ...wait.admission, limitMs: 200 }) }));
    const run = through(scene.chain, scene.call, async () => ({ end: scene.chain.interrupted(scene.call) }));
    await settled();
    wait.letGo("place");
    scene.clock.jump(200);
    scene.call.expire(200);
    expect((await run).end).toMatchObject({ failure: { code: "timeout-queue" } });
    expect([wait.givenUp, log]).toEqual([0, ["admit queue", "settle place: failure"]]);
  });
});

describe("at once, for who must not wait", () => {
  test("all let it go: the work is done, and the permits are settled with its end", async () => {
    const log: string[] = [];
    const { call, chain, work } = chainOf(new Witness("a", log), new Witness("b", log));
    expect(await throughAtOnce(chain, call, work)).toBe(done);
    expect(log).toEqual(["admit a", "admit b", "settle b: success", "settle a: success"]);
  });

  test("without policies there is only the work", async () => {
    const { call, chain, work } = chainOf();
    expect(await throughAtOnce(chain, call, work)).toBe(done);
  });

  test.each(["wait", "refuse"] as const)(
    "one says %s: no work, no wait, and what was given goes back",
    async (kind) => {
      const log: string[] = [];
      const wait = new HeldWait();
      const admission: Admission = kind === "wait" ? wait.admission : { kind: "refuse", failure: failure() };
      const { call, chain, work, works } = chainOf(
        new Witness("a", log),
        new Witness("b", log, { admit: () => admission }),
        new Witness("c", log),
      );
      expect(await throughAtOnce(chain, call, work)).toBeUndefined();
      expect(log).toEqual(["admit a", "admit b", "settle a: aborted"]);
      expect([wait.begun, works()]).toEqual([0, 0]);
    },
  );

  test("the work throws: what was given goes back", async () => {
    const log: string[] = [];
    const { call, chain } = chainOf(new Witness("a", log));
    const defect = new Error("defect");
    await expect(throughAtOnce(chain, call, async () => Promise.reject(defect))).rejects.toBe(defect);
    expect(log).toEqual(["admit a", "settle a: aborted"]);
  });
});

test("what was given up is told as one of which nothing was sent", async () => {
  const ends: unknown[] = [];
  const policy: Policy = {
    name: "a",
    scope: "attempt",
    admit: () => ({ kind: "go" }),
    settle: (_permit, end) => ends.push(end),
  };
  const { call, chain } = chainOf(policy);
  await through(chain, call, async () => Promise.reject(new Error("defect"))).catch(() => undefined);
  expect(ends).toEqual([{ kind: "aborted", reason: undefined, outcome: "not-sent" }]);
});

test("the end of a call that was interrupted with nothing on the wire says where it stood", () => {
  const { call, chain } = chainOf();
  call.phase = "backoff";
  expect(chain.interrupted(call)).toMatchObject({ failure: { code: "unavailable-draining", phase: "backoff" } });
  call.interrupt({ kind: "limit", limit: "deadline", limitMs: 5, isTelling: false });
  const end = chain.interrupted(call);
  expect(end).toMatchObject({ failure: { code: "timeout-deadline", phase: "backoff", outcome: "not-sent" } });
});
