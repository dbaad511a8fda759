import { getEventListeners } from "node:events";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { ServiceConnectionError } from "../../../src/core/errors.ts";
import type { RequestTerms } from "../../../src/websocket/requests/pending-request.ts";
import { Requests } from "../../../src/websocket/requests/requests.ts";
import { settled, VirtualClock } from "../../support/virtual-clock.ts";
import { thrownBy } from "../peer.ts";

const thrownIn = (work: () => unknown): Promise<unknown> => thrownBy((async () => work())());

const lost = new ServiceConnectionError("closed", { service: "feed", phase: "receive", outcome: "unknown" });
const refusal = new Error("the stream is over");

function setUp() {
  const clock = new VirtualClock();
  const thrown: unknown[] = [];
  const requests = new Requests<unknown>("feed", clock, { onError: (error) => void thrown.push(error) });
  const terms = (more: Partial<RequestTerms> = {}): RequestTerms => ({
    limitMs: 1_000,
    limit: "answer",
    signals: [],
    operation: "request /stream",
    ...more,
  });
  const begin = (match: (message: unknown) => boolean, more: Partial<RequestTerms> = {}, generation = 1) => {
    const request = requests.begin(match, terms(more));
    request.handed(generation);
    return request;
  };
  const call = (message: unknown = { method: "x" }, more: Partial<RequestTerms> = {}, generation = 1) => {
    const request = requests.beginCall(message, terms(more));
    request.handed(generation);
    return request;
  };
  return { clock, thrown, requests, terms, begin, call };
}

const is = (expected: unknown) => (message: unknown) => message === expected;

/** Whether a promise has settled by now. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = {};
  await settled();
  return (await Promise.race([promise.catch(() => undefined), Promise.resolve(pending)])) === pending;
}

describe("a request", () => {
  test("takes the first message that matches, and no other", async () => {
    const { requests, begin } = setUp();
    const { promise } = begin(is("b"));
    expect(["a", "b", "b"].map((message) => requests.offer(message, 1))).toEqual([false, true, false]);
    await expect(promise).resolves.toBe("b");
    expect(requests.size).toBe(0);
  });

  test("that was handed over first has the message that several match", async () => {
    const { requests, begin } = setUp();
    const first = begin(() => true);
    const second = begin(() => true);
    requests.offer("a", 1);
    requests.offer("b", 1);
    expect(await Promise.all([second.promise, first.promise])).toEqual(["b", "a"]);
  });

  test("has no answer before its message went out, nor on another connection", async () => {
    const { requests, terms } = setUp();
    const request = requests.begin(() => true, terms());
    expect(requests.offer("early", 1)).toBe(false);
    request.handed(2);
    expect(requests.offer("elsewhere", 1)).toBe(false);
    expect(requests.offer("answer", 2)).toBe(true);
    await expect(request.promise).resolves.toBe("answer");
  });

  test("whose match throws is told to onError, and goes on waiting", async () => {
    const { requests, begin, thrown } = setUp();
    const broken = new Error("broken");
    const { promise } = begin((message) => {
      if (message === "bad") throw broken;
      return true;
    });
    const other = begin(is("bad"));
    expect(requests.offer("bad", 1)).toBe(true);
    expect(thrown).toEqual([broken]);
    await expect(other.promise).resolves.toBe("bad");
    requests.offer("good", 1);
    await expect(promise).resolves.toBe("good");
  });

  test("ends by its limit: unknown once it was handed over", async () => {
    const { clock, requests, begin } = setUp();
    const failure = thrownBy(begin(() => true).promise);
    await clock.advance(1_000);
    const error = await failure;
    expect(error).toMatchObject({ code: "timeout-answer", limitMs: 1_000, outcome: "unknown", retryable: false });
    expect(String(error)).toContain(
      "feed: request /stream: the answer limit of 1000 ms passed while waiting for the answer",
    );
    expect(requests.offer("late", 1)).toBe(false);
  });

  test("ends by its limit: not sent before, and then it is not to be sent any more", async () => {
    const { clock, requests, terms } = setUp();
    const request = requests.begin(() => true, terms({ limit: "deadline", limitMs: 300 }));
    const failure = thrownBy(request.promise);
    expect(request.withdrawn.aborted).toBe(false);
    await clock.advance(300);
    expect(await failure).toMatchObject({ code: "timeout-deadline", outcome: "not-sent", retryable: true });
    expect(request.withdrawn.aborted).toBe(true);
    request.handed(1);
    expect([requests.pendingOn(1), requests.size]).toEqual([0, 0]);
  });

  test("that has been handed over cannot be withdrawn", async () => {
    const { requests, begin } = setUp();
    const request = begin(() => true);
    requests.offer("a", 1);
    await request.promise;
    expect(request.withdrawn.aborted).toBe(false);
  });

  test("ends by its signal, with its reason, and lets go of it", async () => {
    const { requests, begin } = setUp();
    const stop = new AbortController();
    const other = new AbortController();
    const failure = thrownBy(begin(() => true, { signals: [other.signal, stop.signal] }).promise);
    expect(getEventListeners(other.signal, "abort")).toHaveLength(1);
    stop.abort("changed my mind");
    expect(await failure).toBe("changed my mind");
    expect(getEventListeners(other.signal, "abort")).toHaveLength(0);
    expect(requests.offer("late", 1)).toBe(false);
  });

  test("does not begin where its signal has aborted, its limit passed, or its terms are wrong", async () => {
    const { clock, requests, terms } = setUp();
    const begin = (match: unknown, more: object) => thrownIn(() => requests.begin(match as never, terms(more)));
    expect(await begin(() => true, { signals: [AbortSignal.abort("stop")] })).toBe("stop");
    expect(await begin(() => true, { limitMs: -5, limit: "deadline" })).toMatchObject({
      code: "timeout-deadline",
      limitMs: 0,
      outcome: "not-sent",
    });
    expect(await begin("x", { schema: {} })).toMatchObject({
      problems: ["request: match must be a function", expect.stringContaining("request: schema must be a Standard")],
    });
    expect([requests.size, clock.timers]).toEqual([0, 0]);
  });

  test("whose message could not be sent fails with that, and nobody need have waited", async () => {
    const { requests, terms } = setUp();
    const request = requests.begin(() => true, terms());
    request.fail(refusal);
    await settled();
    expect(await thrownBy(request.promise)).toBe(refusal);
    expect(requests.size).toBe(0);
  });

  test("is lost with the connection that it went out on, and with no other", async () => {
    const { requests, begin, terms } = setUp();
    const one = thrownBy(begin(() => true, {}, 1).promise);
    const two = begin(() => true, {}, 2);
    const unsent = requests.begin(() => true, terms());
    requests.lose(1, lost);
    expect(await one).toMatchObject({ code: "connection-reset", outcome: "unknown", cause: lost, retryable: false });
    unsent.handed(2);
    requests.offer("a", 2);
    requests.offer("b", 2);
    expect(await Promise.all([two.promise, unsent.promise])).toEqual(["a", "b"]);
  });
});

describe("the schema of an answer", () => {
  const schema = z.object({ n: z.string().transform(Number) });

  test("makes the answer", async () => {
    const { requests, begin } = setUp();
    const { promise } = begin(() => true, { schema });
    expect(requests.offer({ n: "5" }, 1)).toBe(true);
    await expect(promise).resolves.toEqual({ n: 5 });
  });

  test("refuses it with the place, and without the value", async () => {
    const { requests, call } = setUp();
    const failure = thrownBy(call({ method: "x" }, { schema }).promise);
    requests.offer({ id: 1, result: { n: { token: "sk_live_1" } } }, 1);
    const error = await failure;
    expect(error).toMatchObject({ code: "decode-schema", outcome: "accepted", issues: [{ path: "n" }] });
    expect(inspect(error)).not.toContain("sk_live_1");
  });

  test("that throws rejects the request with that", async () => {
    const { requests, begin } = setUp();
    const validate = (): never => {
      throw refusal;
    };
    const failure = thrownBy(
      begin(() => true, { schema: { "~standard": { version: 1, vendor: "test", validate } } }).promise,
    );
    requests.offer("a", 1);
    expect(await failure).toBe(refusal);
  });

  test("ends within the limit of the request, and no connection can take the answer back", async () => {
    const { clock, requests, begin } = setUp();
    const never = z.unknown().refine(() => new Promise<boolean>(() => undefined));
    const failure = thrownBy(begin(() => true, { schema: never }).promise);
    requests.offer("a", 1);
    requests.lose(1, lost);
    expect(requests.offer("b", 1)).toBe(false);
    await clock.advance(1_000);
    expect(await failure).toMatchObject({ code: "timeout-answer", outcome: "accepted" });
  });
});

describe("a JSON-RPC call", () => {
  test("has an id of its own, and resolves to the result with that id", async () => {
    const { requests, call } = setUp();
    const [first, second] = [call({ method: "a" }), call({ method: "b", params: { x: 1 } })];
    expect([first.message, second.message]).toEqual([
      { jsonrpc: "2.0", id: 1, method: "a" },
      { jsonrpc: "2.0", id: 2, method: "b", params: { x: 1 } },
    ]);
    expect(requests.offer({ jsonrpc: "2.0", id: 2, result: "two" }, 1)).toBe(true);
    expect(requests.offer({ jsonrpc: "2.0", id: "1", result: null }, 1)).toBe(true);
    expect(await Promise.all([first.promise, second.promise])).toEqual([null, "two"]);
  });

  test("finds its answer in text, where no codec has parsed it", async () => {
    const { requests, call } = setUp();
    const { promise } = call();
    expect(['{"id":1', "[1]", '{"id":9,"result":0}'].map((text) => requests.offer(text, 1))).toEqual([
      false,
      false,
      false,
    ]);
    expect(requests.offer('{"jsonrpc":"2.0","id":1,"result":[5]}', 1)).toBe(true);
    await expect(promise).resolves.toEqual([5]);
  });

  test("parses no text while none is pending", () => {
    const { requests, begin } = setUp();
    begin(() => false);
    const parse = JSON.parse;
    JSON.parse = () => {
      throw new Error("parsed");
    };
    try {
      expect(requests.offer('{"id":1,"result":1}', 1)).toBe(false);
    } finally {
      JSON.parse = parse;
    }
  });

  test("that the service refuses says its code, and keeps its words for those who read them", async () => {
    const { requests, call } = setUp();
    const failure = thrownBy(call().promise);
    const answer = { code: -32602, message: "bad token sk_live_1", data: { token: "sk_live_1" } };
    expect(requests.offer({ id: 1, error: answer }, 1)).toBe(true);
    const error = await failure;
    expect(error).toMatchObject({ code: "rpc-error", rpcCode: -32602, outcome: "rejected", retryable: false });
    expect(error).toMatchObject({ rpcMessage: answer.message, data: answer.data });
    expect(`${inspect(error)} ${JSON.stringify(error)}`).not.toContain("sk_live_1");
  });

  test("whose answer is malformed is over: nobody knows what it did", async () => {
    const { requests, call } = setUp();
    const failure = thrownBy(call().promise);
    expect(requests.offer({ jsonrpc: "2.0", id: 1 }, 1)).toBe(true);
    expect(await failure).toMatchObject({ code: "decode-json", outcome: "unknown" });
  });

  test("is not answered by what the service calls or tells, whatever its id", async () => {
    const { requests, call } = setUp();
    const { promise } = call();
    expect(requests.offer({ jsonrpc: "2.0", id: 1, method: "ping", params: [] }, 1)).toBe(false);
    expect(requests.offer({ id: 1, price: 5 }, 1)).toBe(false);
    expect(await isPending(promise)).toBe(true);
  });

  test("that timed out leaves its late answer to the others", async () => {
    const { clock, requests, call } = setUp();
    const failure = thrownBy(call().promise);
    await clock.advance(1_000);
    await failure;
    const other = call();
    expect(other.message.id).toBe(2);
    expect(requests.offer({ id: 1, result: 1 }, 1)).toBe(false);
    expect(requests.offer({ id: 2, result: 2 }, 1)).toBe(true);
  });

  test("is answered on its own connection, and not before it went out", async () => {
    const { requests, call, terms } = setUp();
    call();
    const request = requests.beginCall({ method: "x" }, terms());
    expect(requests.offer({ id: 2, result: "early" }, 1)).toBe(false);
    request.handed(2);
    expect(requests.offer({ id: 2, result: "elsewhere" }, 1)).toBe(false);
    expect(requests.offer({ id: 2, result: "answer" }, 2)).toBe(true);
    await expect(request.promise).resolves.toBe("answer");
  });

  test("that is no call uses up no id", async () => {
    const { requests, terms, call } = setUp();
    expect(await thrownIn(() => requests.beginCall("x", terms()))).toMatchObject({ code: "configuration-invalid" });
    expect(call().message.id).toBe(1);
  });
});

describe("once", () => {
  test("resolves to the next message that passes, for each who waits, and takes it from nobody", async () => {
    const { requests, terms } = setUp();
    const waits = [requests.once(is("b"), terms()), requests.once(() => true, terms())];
    expect([requests.offer("a", 1), requests.offer("b", 1)]).toEqual([false, false]);
    expect(await Promise.all(waits)).toEqual(["b", "a"]);
  });

  test("does not see an answer that a request took", async () => {
    const { requests, terms, begin } = setUp();
    const wait = requests.once(() => true, terms());
    begin(is("answer"));
    expect(requests.offer("answer", 1)).toBe(true);
    requests.offer("event", 1);
    await expect(wait).resolves.toBe("event");
  });

  test("rejects with what its filter threw, and the others see the message", async () => {
    const { requests, terms, thrown } = setUp();
    const broken = new Error("broken");
    const failure = thrownBy(
      requests.once(() => {
        throw broken;
      }, terms()),
    );
    const other = requests.once(() => true, terms());
    expect(requests.offer("a", 1)).toBe(false);
    expect([await failure, await other, thrown]).toEqual([broken, "a", []]);
  });

  test("waits through the loss of a connection, and ends by its limit or its signal", async () => {
    const { clock, requests, terms } = setUp();
    const late = thrownBy(requests.once(() => false, terms({ operation: "once /stream" })));
    const stop = new AbortController();
    const stopped = thrownBy(requests.once(() => false, terms({ signals: [stop.signal] })));
    requests.lose(1, lost);
    stop.abort("enough");
    expect(await stopped).toBe("enough");
    await clock.advance(1_000);
    const error = await late;
    expect(error).toMatchObject({ code: "timeout-answer", outcome: "not-sent" });
    expect(String(error)).toContain(
      "feed: once /stream: the answer limit of 1000 ms passed while waiting for a message",
    );
  });

  test("wants a function", async () => {
    const { requests, terms } = setUp();
    expect(await thrownBy(requests.once("x" as never, terms()))).toMatchObject({
      problems: ["once: filter must be a function"],
    });
  });
});

describe("quiet", () => {
  test("comes when a connection owes no answer any more, whatever ended the last", async () => {
    const { clock, requests, begin } = setUp();
    await requests.quiet(1);
    begin(is("a"));
    begin(is("b"));
    begin(() => false, {}, 2);
    const quiet = requests.quiet(1);
    requests.offer("a", 1);
    expect([requests.pendingOn(1), await isPending(quiet)]).toEqual([1, true]);
    await clock.advance(1_000);
    await quiet;
    expect([requests.pendingOn(1), requests.pendingOn(2)]).toEqual([0, 0]);
  });

  test("of the whole stream waits for those that were not handed over, and for schemas, but not for once", async () => {
    const { requests, begin, terms } = setUp();
    const checked = Promise.withResolvers<boolean>();
    const slow = z.unknown().refine(() => checked.promise);
    const unsent = requests.begin(() => false, terms());
    begin(() => true, { schema: slow });
    const failure = thrownBy(requests.once(() => false, terms()));
    const quiet = requests.quiet();
    requests.offer("a", 1);
    await requests.quiet(1);
    unsent.fail(refusal);
    expect(await isPending(quiet)).toBe(true);
    checked.resolve(true);
    await quiet;
    requests.end(() => refusal);
    await failure;
  });
});

test("who gets a small part of a large buffer as an answer does not hold all of it", async () => {
  const { requests, begin, terms } = setUp();
  const chunk = Buffer.alloc(65_536, 7);
  const answers = [begin(() => true).promise, requests.once(() => true, terms())];
  // The request takes the first, and who looks on gets the other.
  for (const at of [8, 16]) requests.offer(chunk.subarray(at, at + 4), 1);
  for (const answer of (await Promise.all(answers)) as Buffer[]) {
    expect(answer).toEqual(Buffer.alloc(4, 7));
    expect(answer.buffer).not.toBe(chunk.buffer);
  }
});

test("the end leaves nothing pending, and no timer", async () => {
  const { clock, requests, begin, call, terms } = setUp();
  const never = z.unknown().refine(() => new Promise<boolean>(() => undefined));
  const handed = [thrownBy(begin(() => false).promise), thrownBy(call().promise)];
  const unsent = [
    thrownBy(requests.begin(() => false, terms()).promise),
    thrownBy(requests.beginCall({ method: "x" }, terms()).promise),
    thrownBy(requests.once(() => false, terms({ limitMs: Number.POSITIVE_INFINITY }))),
  ];
  const checking = thrownBy(begin(is("a"), { schema: never }).promise);
  requests.offer("a", 1);
  const quiet = requests.quiet();
  requests.end(() => refusal, lost);
  for (const error of await Promise.all(handed)) {
    expect(error).toMatchObject({ code: "connection-reset", outcome: "unknown", cause: lost });
  }
  expect(await Promise.all(unsent)).toEqual([refusal, refusal, refusal]);
  expect(await checking).toMatchObject({ outcome: "accepted" });
  await quiet;
  expect([clock.timers, requests.size]).toEqual([0, 0]);
});

test("requests without number leave one listener on the signal that they share, and none once they are over", async () => {
  const { requests, begin } = setUp();
  const { signal } = new AbortController();
  const all = Array.from({ length: 2_000 }, (_, index) => begin(is(index), { signals: [signal] }));
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  for (const index of all.keys()) requests.offer(index, 1);
  await Promise.all(all.map(({ promise }) => promise));
  expect(getEventListeners(signal, "abort")).toEqual([]);
});
