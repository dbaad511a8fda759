import { defineServices, rest, silentLogger } from "hawser";
import { describe, expect, test } from "vitest";
import { httpServer } from "../../support/http-server.ts";
import { run, withFile } from "../command-under-test.ts";

const env = { USERS_URL: "http://127.0.0.1:9/v1", USERS_API_KEY: "the-secret-key", USERS_TIMEOUT: "7s" };

const described = (given: Readonly<Record<string, string>> = env) => ({
  exported: { services: defineServices({ users: rest() }, { env: given, logger: silentLogger }) },
});

test("every setting is printed with where it comes from, and no secret", async () => {
  const ran = await run(withFile("describe"), described());
  expect(ran).toMatchObject({ exitCode: 0, told: [] });
  expect(ran.stdout).toMatch(/^users .*http:\/\/127\.0\.0\.1:9\/v1$/m);
  expect(ran.stdout).toMatch(/deadlineMs +7000 .*USERS_TIMEOUT/);
  expect(ran.stdout).not.toContain("the-secret-key");
});

test("--json is the same as data", async () => {
  const ran = await run(withFile("describe", "--json"), described());
  expect(JSON.stringify(JSON.parse(ran.stdout))).toContain('{"name":"deadlineMs","value":7000');
  expect(ran.stdout).not.toContain("the-secret-key");
});

test("nobody is asked anything", async () => {
  await using server = await httpServer();
  await run(withFile("describe"), described({ USERS_URL: server.url }));
  expect(server.connections).toBe(0);
});

describe("wrong settings", () => {
  test("end it with 2, a line each", async () => {
    const ran = await run(withFile("describe"), described({ USERS_TIMEOUT: "soon" }));
    expect(ran.exitCode).toBe(2);
    expect(ran.told).toEqual([
      expect.stringContaining("USERS_TIMEOUT must be"),
      expect.stringContaining("USERS_URL is not set"),
    ]);
    expect(ran.stdout).not.toContain("USERS_URL is not set");
  });
});
