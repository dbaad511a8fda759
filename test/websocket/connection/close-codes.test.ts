import { describe, expect, test } from "vitest";
import { ServiceConnectionError, ServiceRateLimitError, ServiceResponseError } from "../../../src/core/errors.ts";
import {
  type ConnectionEnd,
  describeCloseCode,
  isPassing,
  judge,
  judgeCloseCode,
  judgeStatus,
  type Verdict,
} from "../../../src/websocket/connection/close-codes.ts";
import { settled } from "../../support/virtual-clock.ts";

const facts = { service: "feed", phase: "open", outcome: "rejected", headers: {}, body: "" } as const;

test("a peer that objects to what we send is not asked again", () => {
  expect([1002, 1003, 1007, 1008, 1009, 1010, 3003].map(judgeCloseCode)).toEqual(Array(7).fill("fatal"));
});

test("everything else is retried, a normal closure and each service's own codes too", () => {
  expect(
    [1000, 1001, 1004, 1005, 1006, 1011, 1014, 1015, 1016, 2999, 3001, 3008, 4000, 4999].map(judgeCloseCode),
  ).toEqual(Array(14).fill("retry"));
});

test("a restart is spread, an overload is waited out", () => {
  expect([judgeCloseCode(1012), judgeCloseCode(1013)]).toEqual(["restart", "overload"]);
});

test("a handshake refused with 4xx is fatal, but for 408, 425 and 429", () => {
  expect([400, 402, 403, 404, 407, 426].map(judgeStatus)).toEqual(Array(6).fill("fatal"));
  expect([408, 425, 429, 500, 502, 503, 504].map(judgeStatus)).toEqual(Array(7).fill("retry"));
});

test("a redirect for good is fatal, one for now passes", () => {
  expect([301, 308, 302, 307, 200].map(judgeStatus)).toEqual(["fatal", "fatal", "retry", "retry", "retry"]);
});

test("an error is judged by its status or close code, else by its own word", () => {
  expect(judge(new ServiceResponseError({ ...facts, status: 403 }))).toBe("fatal");
  expect(judge(new ServiceRateLimitError({ ...facts, status: 429 }))).toBe("retry");
  expect(judge(new ServiceConnectionError("closed", { ...facts, closeCode: 1013 }))).toBe("overload");
  expect(judge(new ServiceConnectionError("closed", facts))).toBe("retry");
  expect(judge(new ServiceConnectionError("tls", { ...facts, retryable: false }))).toBe("fatal");
  expect(judge(new ServiceConnectionError("dns", { ...facts, retryable: true }))).toBe("retry");
});

test("a code is described by its registered meaning", () => {
  expect([describeCloseCode(1012), describeCloseCode(4001)]).toEqual(["1012 (service restart)", "4001"]);
});

test("every registered code has its meaning", () => {
  expect(
    [
      1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015, 3000, 3003, 3008,
    ].map(describeCloseCode),
  ).toEqual([
    "1000 (normal closure)",
    "1001 (going away)",
    "1002 (protocol error)",
    "1003 (unsupported data)",
    "1004 (reserved)",
    "1005 (no code given)",
    "1006 (no Close frame)",
    "1007 (invalid payload)",
    "1008 (policy violation)",
    "1009 (message too big)",
    "1010 (extension required)",
    "1011 (internal error)",
    "1012 (service restart)",
    "1013 (try again later)",
    "1014 (bad gateway)",
    "1015 (TLS handshake)",
    "3000 (unauthorized)",
    "3003 (forbidden)",
    "3008 (timeout)",
  ]);
});

test("refused credentials may be good for others, by status and by close code", () => {
  expect([judgeStatus(401), judgeCloseCode(3000)]).toEqual(["refresh", "refresh"]);
  expect((["fatal", "refresh", "retry", "restart", "overload"] as const).map(isPassing)).toEqual([
    false,
    false,
    true,
    true,
    true,
  ]);
});

describe("whoever knows a service", () => {
  const closed = new ServiceConnectionError("closed", { ...facts, closeCode: 4001 });

  test("is told how it ended", () => {
    const ends: ConnectionEnd[] = [];
    const errors = [
      closed,
      new ServiceResponseError({ ...facts, status: 403 }),
      new ServiceRateLimitError({ ...facts, status: 429 }),
      new ServiceConnectionError("dns", facts),
    ];
    for (const error of errors) judge(error, (end) => void ends.push(end));
    expect(ends).toEqual([
      { error: errors[0], closeCode: 4001 },
      { error: errors[1], status: 403 },
      { error: errors[2], status: 429 },
      { error: errors[3] },
    ]);
  });

  test("decides what it means, and leaves to the list what it does not know", () => {
    const answers = (["fatal", "retry", "restart", "overload", "refresh"] as const).map((verdict) =>
      judge(closed, () => verdict),
    );
    expect(answers).toEqual(["fatal", "retry", "restart", "overload", "refresh"]);
    expect(judge(closed, () => undefined)).toBe("retry");
    expect(judge(new ServiceResponseError({ ...facts, status: 403 }), () => "retry")).toBe("retry");
  });

  test("and throws is reported, and the list decides", () => {
    const told: unknown[] = [];
    const thrown = new Error("no such code");
    const classify = (): Verdict => {
      throw thrown;
    };
    expect(judge(closed, classify, (one) => told.push(one))).toBe("retry");
    expect(told).toEqual([thrown]);
  });

  test.each([["stop"], [null], [false], [4001], [{}]])("and answers %j is reported, and the list decides", (answer) => {
    const told: unknown[] = [];
    expect(
      judge(
        closed,
        () => answer as never,
        (one) => told.push(one),
      ),
    ).toBe("retry");
    expect(told).toMatchObject([
      {
        code: "configuration-invalid",
        problems: ["reconnect.classify must give fatal | retry | restart | overload | refresh, or undefined"],
      },
    ]);
  });

  test("and is asynchronous has not answered, and its rejection is nobody's", async () => {
    const told: unknown[] = [];
    const classify = async (): Promise<Verdict> => {
      throw new Error("async");
    };
    expect(judge(closed, classify as never, (one) => told.push(one))).toBe("retry");
    await settled();
    expect(told).toMatchObject([{ code: "configuration-invalid" }]);
  });
});
