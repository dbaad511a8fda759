import { expect, test } from "vitest";
import { OptionReader } from "../../../src/core/options.ts";
import { readResume } from "../../../src/websocket/resume/resume-options.ts";

const positionOf = (): number => 1;

function read(options: object) {
  const reader = new OptionReader("feed", options);
  const settings = readResume(reader);
  reader.finish();
  return settings;
}

test("without resume there is none", () => {
  expect(read({})).toBeUndefined();
});

test("from may be a position, a record of them, or what positions() gave", () => {
  const from = (given: unknown) => read({ resume: { positionOf, from: given } })?.from;
  const pair = { epoch: "x", offset: 3 };
  expect(from(undefined)).toEqual(new Map());
  expect(from(7)).toEqual(new Map([["", 7]]));
  expect(from(pair)).toEqual(new Map([["", pair]]));
  expect(from({ BTC: 7, ETH: pair })).toEqual(
    new Map<string, unknown>([
      ["BTC", 7],
      ["ETH", pair],
    ]),
  );
  expect(from(new Map([["BTC", 7]]))).toEqual(new Map([["BTC", 7]]));
});

test("every problem is told at once", () => {
  expect(() => read({ resume: { fill: 1, from: { BTC: 1.5 }, onGaps: positionOf } })).toThrow(
    /positionOf is missing[\s\S]*fill must be a function[\s\S]*from\["BTC"\] is not a position[\s\S]*did you mean onGap/,
  );
  expect(() => read({ resume: { positionOf, from: null } })).toThrow(/resume\.from is not a position: .*not null/);
  expect(() => read({ resume: 5 })).toThrow(/must be an object, not 5/);
});
