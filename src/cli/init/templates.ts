import type { Project } from "./project.ts";

/** The services file: a client of one service, and the registry that it is in. */
export function servicesText(language: Project["language"]): string {
  const [param, paramDoc] = language === "typescript" ? ["id: string", ""] : ["id", "\n  /** @param {string} id */"];
  return `import { defineServices, RESTService, rest } from "hawser";

/** A service that this application calls, with a method for each call. */
export class UsersClient extends RESTService {${paramDoc}
  user(${param}) {
    return this.getJson("/users/{id}", { path: { id } });
  }
}

/**
 * All services of this application, each under its name: users reads USERS_URL, USERS_API_KEY, USERS_TIMEOUT and so on.
 * To be started with the application, and stopped with it: await services.start(), await services.stop().
 */
export const services = defineServices({
  users: rest(UsersClient),
});
`;
}

/** The test of it: no network, no server, no settings; a mock stands where connections are made. */
export function testText(runner: Project["runner"], services: string): string {
  const [imports, equal] =
    runner === "vitest"
      ? ["", "expect(user).toEqual(ada);"]
      : [
          'import assert from "node:assert/strict";\nimport { test } from "node:test";\n',
          "assert.deepEqual(user, ada);",
        ];
  return `${imports}import { silentLogger } from "hawser";
import { mockTransport } from "hawser/testing";
${runner === "vitest" ? 'import { expect, test } from "vitest";\n' : ""}import { services } from "${services}";

const ada = { id: "7", name: "Ada" };

test("a user is found by its id", async () => {
  const mock = mockTransport();
  mock.on("GET", "/users/7").reply(200, ada);
  // The same services, for this test alone, and answered by the mock.
  const own = services.scope({
    env: { USERS_URL: "https://users.example.com" },
    logger: silentLogger,
    defaults: { rest: { dispatcher: mock } },
  });
  await own.start();
  try {
    const user = await own.get("users").user("7");
    ${equal}
    mock.assertDone();
  } finally {
    await own.stop();
  }
});
`;
}

export const environmentText = `# What services.users reads. Copy this file to .env, which is not for the repository.
USERS_URL=https://users.example.com
# Sent as "Authorization: Bearer ..."; or USERS_API_KEY_FILE, the path of a mounted secret.
USERS_API_KEY=
# For one call with all its retries: 30s, 500ms, 2m.
USERS_TIMEOUT=30s
`;
