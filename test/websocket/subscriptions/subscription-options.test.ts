import { expect, test } from "vitest";
import { OptionReader } from "../../../src/core/options.ts";
import { readSubscriptions } from "../../../src/websocket/subscriptions/subscription-options.ts";
import { thrownBy } from "../peer.ts";

function read(subscriptions: unknown) {
  const reader = new OptionReader("feed", { subscriptions });
  const settings = readSubscriptions(reader);
  reader.finish();
  return settings;
}

const problemsOf = async (subscriptions: unknown): Promise<unknown> =>
  ((await thrownBy((async () => read(subscriptions))())) as { problems: unknown }).problems;

test("subscriptions that are not given are none", () => {
  expect(read(undefined)).toBeUndefined();
});

test("only the message that subscribes is required, and 100 keys go into one", () => {
  const subscribe = (): string => "x";
  expect(read({ subscribe })).toMatchObject({ subscribe, maxKeysPerMessage: 100, confirmedBy: undefined });
});

test("all problems are said at once", async () => {
  expect(await problemsOf({ unsubscribe: "x", confirmedby: () => "x", maxKeysPerMessage: 0 })).toEqual([
    expect.stringContaining("subscriptions.subscribe is required"),
    "subscriptions.unsubscribe must be a function, not a string",
    "subscriptions.maxKeysPerMessage must be a whole number of at least 1, not 0",
    expect.stringContaining("unknown option subscriptions.confirmedby; did you mean confirmedBy?"),
  ]);
  expect(await problemsOf({ subscribe: 5 })).toEqual(["subscriptions.subscribe must be a function, not 5"]);
  expect(await problemsOf([])).toEqual([
    expect.stringContaining("subscriptions must be an object"),
    expect.stringContaining("subscriptions.subscribe is required"),
  ]);
});
