import { expect, test } from "vitest";
import { ServiceConfigurationError } from "../../../src/core/errors.ts";
import {
  type AttemptContext,
  type PerAttempt,
  unlessAborted,
  valueFor,
} from "../../../src/websocket/dial/per-attempt.ts";
import { thrownBy } from "../peer.ts";

const about = { service: "feed", operation: "/stream" };
const never = new Promise<never>(() => undefined);
const first = (signal = new AbortController().signal): AttemptContext => ({
  attempt: 1,
  endpoint: 0,
  isRenewed: false,
  signal,
});
const sound = (): string[] => [];
const ask = <T>(source: PerAttempt<T>, problemsOf: (value: unknown) => string[] = sound, context = first()) =>
  valueFor(about, "headers", source, problemsOf, context);

test("a value is taken as it is: it was checked when it was given", async () => {
  expect(await ask("fixed", () => ["would be wrong"])).toBe("fixed");
});

test("a function is told all about the attempt, and may take its time", async () => {
  const seen: AttemptContext[] = [];
  const context = { ...first(), attempt: 3, endpoint: 2, isRenewed: true };
  const source = async (told: AttemptContext): Promise<number> => {
    seen.push(told);
    return 7;
  };
  expect(await ask(source, sound, context)).toBe(7);
  expect(seen).toEqual([context]);
});

test.each([
  [
    "throws",
    () => {
      throw new Error("vault sealed");
    },
  ],
  ["rejects", () => Promise.reject(new Error("vault sealed"))],
])("one that %s fails the attempt for a passing reason, with its error as the cause", async (_how, source) => {
  expect(await thrownBy(ask(source as PerAttempt<string>))).toMatchObject({
    code: "connection-connect",
    phase: "connect",
    outcome: "not-sent",
    retryable: true,
    cause: { message: "vault sealed" },
  });
});

test("what it gives is checked, and wrong for good", async () => {
  const error = await thrownBy(
    ask(
      () => "s3cr3t",
      () => ["headers must be an object"],
    ),
  );
  expect(error).toMatchObject({ code: "configuration-invalid", problems: ["headers must be an object"] });
});

test("a configuration error of its own is handed on", async () => {
  const own = new ServiceConfigurationError("feed", ["no key is set"]);
  expect(
    await thrownBy(
      ask(() => {
        throw own;
      }),
    ),
  ).toBe(own);
});

test("one that never settles ends with the signal, by its reason", async () => {
  const abort = new AbortController();
  const asked = thrownBy(ask(() => never, sound, first(abort.signal)));
  const reason = new Error("the limit passed");
  abort.abort(reason);
  expect(await asked).toBe(reason);
});

test("nobody is asked for an attempt that is over", async () => {
  let asked = 0;
  const reason = new Error("closed");
  const run = unlessAborted(AbortSignal.abort(reason), async () => void asked++);
  expect([await thrownBy(run), asked]).toEqual([reason, 0]);
});
