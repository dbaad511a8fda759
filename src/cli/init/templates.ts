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

/** The test of it: no network, no server, a fake in the place of the service. */
export function testText(runner: Project["runner"], services: string): string {
  const [imports, equal] =
    runner === "vitest"
      ? ['import { expect, test } from "vitest";', "expect(user).toEqual(ada);"]
      : ['import assert from "node:assert/strict";\nimport { test } from "node:test";', "assert.deepEqual(user, ada);"];
  return `${imports}
import { services } from "${services}";

const ada = { id: "7", name: "Ada" };

test("a user is found by its id", async () => {
  await services.with({ users: { user: async () => ada } }, async () => {
    const user = await services.get("users").user("7");
    ${equal}
  });
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
