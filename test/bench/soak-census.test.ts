import { createServer } from "node:net";
import { expect, test } from "vitest";
import { isSameCensus, moreThan, takeCensus } from "../../bench/soak/census.ts";

test("a census is the same as another only where nothing came and nothing went", () => {
  expect(isSameCensus({ Timeout: 1 }, { Timeout: 1 })).toBe(true);
  expect(isSameCensus({ Timeout: 1 }, { Timeout: 2 })).toBe(false);
  expect(isSameCensus({ Timeout: 1, TCPSocketWrap: 1 }, { Timeout: 1 })).toBe(false);
});

test("what there is more of is told with how much, and not what there is less of", () => {
  expect(moreThan({ Timeout: 1, PipeWrap: 2 }, { Timeout: 3, PipeWrap: 1, TCPSocketWrap: 1 })).toEqual([
    "2 Timeout",
    "1 TCPSocketWrap",
  ]);
});

test("a server, a timer and a listener are in it while they are there", async () => {
  const before = takeCensus();
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const timer = setTimeout(() => undefined, 60_000);
  const listener = (): void => undefined;
  process.on("SIGUSR2", listener);
  const more = moreThan(before, takeCensus());
  process.off("SIGUSR2", listener);
  clearTimeout(timer);
  await new Promise((done) => server.close(done));
  expect(more).toEqual(expect.arrayContaining(["1 TCPServerWrap", "1 Timeout", "1 listeners of the process"]));
});
