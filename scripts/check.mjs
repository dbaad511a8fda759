// All that CI does but the browser, the programs that run as processes of their own, and what an editor would complete,
// which takes the compiler some seconds for each (`npm test` runs those too). The tests beside everything else, for there
// are two cores; of each step, the output is shown only when it fails.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";

const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const tarball = `temp/${manifest.name}-${manifest.version}.tgz`;
mkdirSync("temp", { recursive: true });

const slowTests = [
  "test/bench/run-suite.test.ts",
  "test/bench/soak.test.ts",
  "test/browser/**",
  "test/cli/documentation.test.ts",
  "test/cli/generate/documents.test.ts",
  "test/cli/packed.test.ts",
  "test/cli/process.test.ts",
  "test/cli/wrong-input.test.ts",
  "test/conformance/**",
  "test/examples/**",
  "test/lab/lab-command.test.ts",
  "test/lab/run-jobs.test.ts",
  "test/registry/stop-on-signals.test.ts",
  "test/rest/host.test.ts",
  "test/sandbox/start.test.ts",
  "test/testing/completion.test.ts",
  "test/testing/fail-test.test.ts",
  "test/testing/fixtures/**",
  "test/testing/outside-tools.test.ts",
  "test/types/*-completions.test.ts",
];
const excluded = [...slowTests, "**/node_modules/**"].flatMap((files) => ["--exclude", files]);

const startedAt = Date.now();
await Promise.all([everythingElse(), tests()]);
console.log(`check: ${process.exitCode ? "failed" : "passed"} in ${seconds(startedAt)}`);

async function tests() {
  // Without those that wait for programs, and beside everything else, more than three take the processor from each other.
  await step("tests and coverage", "vitest", ["run", "--coverage", "--maxWorkers=3", ...excluded]);
}

async function everythingElse() {
  await step("format", "biome", ["format", "."]);
  await step("lint and layers", "oxlint", ["--type-aware"]);
  await step("types", "tsc", ["--noEmit", "-p", "tsconfig.json"]);
  // Each says to its adapter what its services are, which can be said once in a program.
  for (const program of [
    "examples/express",
    "examples/fastify",
    "examples/hono",
    "examples/nestjs",
    "test/types/nestjs",
  ]) {
    await step(`types of ${program}`, "tsc", ["--noEmit", "-p", program]);
  }
  await step("unused code", "knip", []);
  await step("packing", "npm", ["pack", "--loglevel=error", "--pack-destination", "temp"]);
  await step("package", "publint", [tarball, "--strict"]);
  await step("types as published", "attw", [tarball, "--profile", "esm-only", "--quiet"]);
  await step("api reports (npm run api accepts them)", "node", ["scripts/api-reports.mjs"]);
  await step("size", "size-limit", []);
}

async function step(name, command, args) {
  const from = Date.now();
  const output = [];
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.on("data", (piece) => output.push(piece));
  child.stderr.on("data", (piece) => output.push(piece));
  const status = await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  console.log(`${status === 0 ? "ok  " : "FAIL"} ${name} (${seconds(from)})`);
  if (status === 0) return;
  console.log(Buffer.concat(output).toString());
  process.exitCode = 1;
}

function seconds(from) {
  return `${((Date.now() - from) / 1000).toFixed(1)} s`;
}
