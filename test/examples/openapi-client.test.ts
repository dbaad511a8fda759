import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Galaxy } from "../../examples/galaxy.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { type Prism, startPrism } from "../support/prism.ts";

// A mock that holds every request against the document: what the types let through must be what the document means.
let prism: Prism;
let galaxy: Galaxy;

beforeAll(async () => {
  prism = await startPrism("node_modules/@scalar/galaxy/dist/3.1.yaml");
  galaxy = new Galaxy({ name: "galaxy", baseUrl: prism.url, apiKey: "any", logger: silentLogger });
  await galaxy.connect();
}, 60_000);

afterAll(async () => {
  await galaxy.close();
  await prism[Symbol.asyncDispose]();
});

test("the example finds a planet, creates one, and finds no other", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["examples/openapi-client.ts"], {
    cwd: new URL("../../", import.meta.url),
    timeout: 50_000,
    env: { GALAXY_URL: prism.url, GALAXY_API_KEY: "any" },
  });
  expect(stdout.trimEnd().split("\n")).toEqual([
    "found Mars",
    "created Mars",
    "not found: The resource you are trying to access does not exist.",
  ]);
});

describe("a client that was generated", () => {
  test("sends a query that the document takes", async () => {
    const { meta } = await galaxy.getAllData({ params: { limit: 10, offset: 0 } });
    expect(meta).toMatchObject({ limit: 10 });
  });

  test("sends bodies that the document takes: JSON, and parts with a file", async () => {
    const planet = await galaxy.updatePlanet({ path: { planetId: 1 }, json: { name: "Mars", type: "terrestrial" } });
    expect(planet.name).toBe("Mars");
    const image = await galaxy.uploadImage({ path: { planetId: 1 }, multipart: { image: new Blob(["png"]) } });
    expect(image).toHaveProperty("message");
  });

  test("resolves to undefined where the answer has no content", async () => {
    expect(await galaxy.deletePlanet({ path: { planetId: 1 } })).toBeUndefined();
  });

  test("tells a failure by its status, with the body that the document says", async () => {
    const headers = { prefer: "code=404" };
    const result = await galaxy.getPlanet({ path: { planetId: 1 }, headers }).safe();
    expect(!result.ok && result.status === 404 && result.error.body).toEqual({
      type: "https://example.com/errors/not-found",
      title: "Not Found",
      status: 404,
      detail: "The resource you are trying to access does not exist.",
    });
  });

  test("tells a status that the document does not have as well", async () => {
    const wrong = { limit: "many" as unknown as number };
    const result = await galaxy.getAllData({ params: wrong }).safe();
    expect(!result.ok && result.status).toBe(422);
  });
});
