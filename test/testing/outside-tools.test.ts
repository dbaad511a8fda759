import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

// What docs/testing.md says of other tools. Each in a process of its own, for they change all of it: a service calls a
// real server, and the tool answers in its place, or does not.
test.each([
  ["undici's MockAgent sees a service that it is given to, and no other", "mock-agent", "mocked real mocked"],
  ["nock sees every service, over TLS too", "nock", "mocked secure real"],
  ["nock does not see a connection that was made before it", "nock-too-late", "real real"],
  ["nock does not see a mock of ours, which opens no connection", "nock-beside-mock", "own"],
  ["MSW sees the built-in fetch, and no service", "msw", "real mocked"],
])("%s", async (_rule, program, answers) => {
  const path = new URL(`outside-tools/${program}.ts`, import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, [path], { timeout: 50_000, env: {} });
  expect(stdout).toBe(answers);
});
