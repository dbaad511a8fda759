import { expect, test } from "vitest";
import { parseSizeBytes } from "../../src/registry/sizes.ts";

test.each([
  ["1", 1],
  ["65536", 65_536],
  [" 512KB ", 512_000],
  ["512 KiB", 524_288],
  ["10MiB", 10_485_760],
  ["1.5MB", 1_500_000],
  ["2GiB", 2_147_483_648],
  ["1GB", 1_000_000_000],
  ["7B", 7],
])("%s is %d bytes", (text, bytes) => {
  expect(parseSizeBytes(text)).toBe(bytes);
});

test.each(["", "0", "0.2", "-1", "1e3", "10mb", "10 Mb", "10TB", "MiB", "1,5MB", "NaN", "99999999999GiB"])(
  "%j is no size",
  (text) => {
    expect(parseSizeBytes(text)).toBeUndefined();
  },
);
