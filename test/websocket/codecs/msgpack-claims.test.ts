import { encode } from "@msgpack/msgpack";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { claimProblem } from "../../../src/websocket/codecs/msgpack-claims.ts";

describe("the walk over the claims", () => {
  test("it agrees with the encoder on every value", () => {
    const leaf = fc.oneof(
      fc.string(),
      fc.double(),
      fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
      fc.boolean(),
      fc.constant(null),
      fc.uint8Array({ maxLength: 300 }),
      fc.date({ noInvalidDate: true }),
    );
    const key = fc.string().filter((name) => name !== "__proto__");
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        leaf,
        fc.array(tie("value"), { maxLength: 20 }),
        fc.dictionary(key, tie("value")),
      ),
    }));
    fc.assert(
      fc.property(value, (one) => {
        const data = encode(one);
        expect(claimProblem(data, 100)).toBeUndefined();
        expect(claimProblem(data.subarray(0, -1), 100)).toBeDefined();
      }),
      { numRuns: 300 },
    );
  });

  test.each([[31], [32], [255], [256], [65_535], [65_536]])("a string of %i bytes is measured rightly", (length) => {
    const data = encode("x".repeat(length));
    expect(claimProblem(data, 100)).toBeUndefined();
    expect(claimProblem(data.subarray(0, -1), 100)).toBeDefined();
  });

  test.each([
    ["ext 8", [0xc7, 2, 5, 1, 2]],
    ["ext 16", [0xc8, 0, 1, 5, 1]],
    ["ext 32", [0xc9, 0, 0, 0, 1, 5, 1]],
    ["fixext 1", [0xd4, 5, 1]],
    ["fixext 16", [0xd8, 5, ...Array<number>(16).fill(0)]],
    ["array 16", [0xdc, 0, 1, 0xc0]],
    ["array 32", [0xdd, 0, 0, 0, 1, 0xc0]],
    ["map 16", [0xde, 0, 1, 0xa0, 0xc0]],
    ["map 32", [0xdf, 0, 0, 0, 1, 0xa0, 0xc0]],
    ["bin 16", [0xc5, 0, 1, 9]],
    ["bin 32", [0xc6, 0, 0, 0, 1, 9]],
    ["str 32", [0xdb, 0, 0, 0, 1, 0x61]],
    ["uint 64", [0xcf, 0, 0, 0, 0, 0, 0, 0, 1]],
    ["a negative fixint", [0xff]],
  ])("%s is whole with its last byte, and not without", (_what, data) => {
    expect(claimProblem(new Uint8Array(data), 100)).toBeUndefined();
    expect(claimProblem(new Uint8Array(data).subarray(0, -1), 100)).toBeDefined();
  });
});
