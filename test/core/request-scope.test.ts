import { expect, test } from "vitest";
import { currentDeadline, withDeadline, withoutDeadline } from "../../src/core/deadline.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { currentRequest, outsideRequests, withRequest } from "../../src/core/request-scope.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const other = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-00";
const logger = { ...silentLogger };

test("outside of every request there is none", () => {
  expect(currentRequest()).toBeUndefined();
});

test("what is made within a request sees its deadline, signal, logger and trace, after an await too", async () => {
  const clock = new VirtualClock();
  const { signal } = new AbortController();
  const trace = { traceparent, tracestate: "a=1" };
  const scope = await withRequest({ deadlineMs: 100, signal, logger, trace, clock }, async () => {
    await settled();
    return currentRequest();
  });
  expect(scope).toMatchObject({ signals: [signal], logger, trace });
  expect(scope?.remainingMs()).toBe(100);
  expect(currentRequest()).toBeUndefined();
});

test("a request within a request keeps what it is not given, and its own logger and trace stand", () => {
  const inner = { ...silentLogger };
  withRequest({ logger, trace: { traceparent } }, () => {
    expect(withRequest({}, currentRequest)).toMatchObject({ logger, trace: { traceparent } });
    const both = withRequest({ logger: inner, trace: { traceparent: other } }, currentRequest);
    expect(both?.logger).toBe(inner);
    expect(both?.trace).toEqual({ traceparent: other });
  });
});

test("a deadline within a request keeps its logger and trace", () => {
  const scope = withRequest({ logger, trace: { traceparent } }, () => withDeadline({ deadlineMs: 5 }, currentRequest));
  expect(scope).toMatchObject({ logger, trace: { traceparent } });
  expect(scope?.remainingMs()).toBeLessThanOrEqual(5);
});

test("work without a deadline drops deadline and signals, and keeps logger and trace", () => {
  const { signal } = new AbortController();
  withRequest({ deadlineMs: 5, signal, logger, trace: { traceparent } }, () => {
    const [scope, deadline] = withoutDeadline(() => [currentRequest(), currentDeadline()] as const);
    expect(deadline).toBeUndefined();
    expect(scope).toMatchObject({ signals: [], logger, trace: { traceparent } });
    expect(scope?.remainingMs()).toBe(Number.POSITIVE_INFINITY);
  });
  expect(withDeadline({ deadlineMs: 5 }, () => withoutDeadline(currentRequest))).toBeUndefined();
});

test("a new deadline within work without one counts from there", () => {
  const clock = new VirtualClock();
  const left = withRequest({ deadlineMs: 5, logger, clock }, () =>
    withoutDeadline(() => withDeadline({ deadlineMs: 80, clock }, () => currentDeadline()?.remainingMs())),
  );
  expect(left).toBe(80);
});

test("outside of requests nothing of them is left", () => {
  expect(withRequest({ logger, trace: { traceparent } }, () => outsideRequests(currentRequest))).toBeUndefined();
});

test("a trace that is not valid is as if it had not been given", () => {
  expect(withRequest({ trace: { traceparent: "mine" } }, currentRequest)?.trace).toBeUndefined();
  const scope = withRequest({ trace: { traceparent } }, () =>
    withRequest({ trace: { traceparent: "mine" } }, currentRequest),
  );
  expect(scope?.trace).toEqual({ traceparent });
});

test.each([0, -1, Number.NaN, "100"])("a deadline of %j is a mistake, told before the work begins", (deadlineMs) => {
  let hasBegun = false;
  const begin = (): void => void (hasBegun = true);
  expect(() => withRequest({ deadlineMs: deadlineMs as number }, begin)).toThrow(
    new RangeError(`withRequest: deadlineMs must be a number above 0, not ${deadlineMs}`),
  );
  expect(hasBegun).toBe(false);
});

test("a signal that is none is a mistake, told before the work begins", () => {
  let hasBegun = false;
  const signal = { aborted: false } as AbortSignal;
  expect(() => withRequest({ signal }, () => void (hasBegun = true))).toThrow(
    new TypeError("withRequest: signal must be an AbortSignal"),
  );
  expect(hasBegun).toBe(false);
});
