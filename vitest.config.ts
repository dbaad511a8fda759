import { defineConfig, type ViteUserConfig } from "vitest/config";

const here = (path: string): string => new URL(path, import.meta.url).pathname;

const config: ViteUserConfig = defineConfig({
  resolve: {
    alias: [
      { find: /^hawser$/, replacement: here("./src/index.ts") },
      { find: /^hawser\/fastify$/, replacement: here("./src/frameworks/fastify.ts") },
      { find: /^hawser\/hono$/, replacement: here("./src/frameworks/hono.ts") },
      { find: /^hawser\/express$/, replacement: here("./src/frameworks/express.ts") },
      { find: /^hawser\/nestjs$/, replacement: here("./src/frameworks/nestjs.ts") },
      { find: /^hawser\/auth\/oauth2$/, replacement: here("./src/rest/auth/oauth2.ts") },
      { find: /^hawser\/auth\/sigv4$/, replacement: here("./src/rest/auth/sigv4.ts") },
      { find: /^hawser\/msgpack$/, replacement: here("./src/websocket/codecs/msgpack.ts") },
      { find: /^hawser\/lab$/, replacement: here("./src/lab/index.ts") },
      { find: /^hawser\/testing$/, replacement: here("./src/testing/index.ts") },
      { find: /^hawser\/testing\/node$/, replacement: here("./src/testing/fixtures/node.ts") },
      { find: /^hawser\/testing\/vitest$/, replacement: here("./src/testing/fixtures/vitest.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts", "examples/*/*.test.ts"],
    setupFiles: ["test/support/leaks.ts"],
    // For what hangs: some tests take three seconds of the processor, which on a busy machine are many.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One worker per spare core would be one where there are two; most tests wait for sockets and programs, not for the
    // processor: with five the whole takes two thirds of the time that it takes with three.
    maxWorkers: 5,
    // A worker for each file costs more than most files take, and none leaves a state that another would see.
    isolate: false,
    // Not threads: a child that one of them spawns holds the listening sockets of all until its exec, and for so long a
    // port that another has closed still takes connects.
    pool: "forks",
    typecheck: { enabled: false },
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      reporter: ["text-summary", "json-summary"],
      thresholds: {
        "src/core/**": { lines: 95 },
        "src/resilience/**": { lines: 95 },
        "src/rest/**": { lines: 95 },
        "src/websocket/**": { lines: 95 },
        "src/registry/**": { lines: 95 },
      },
    },
  },
});

export default config;
