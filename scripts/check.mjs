// All that CI does but the browser, and the programs that run as processes of their own (`npm test` runs those too). The
// tests beside everything else, for there are two cores; of each step, the output is shown only when it fails.
import { spawn } from "node:child_process";

const reports = ["hawser", "hawser-fastify", "hawser-lab", "hawser-auth-oauth2", "hawser-auth-sigv4"].map(
  (name) => `api/${name}.json`,
);

if (process.argv.includes("--update-api")) {
  for (const config of reports) await step("api report", "api-extractor", ["run", "--local", "-c", config]);
  process.exit(process.exitCode ?? 0);
}

const processTests = [
  "test/browser/**",
  "test/examples/**",
  "test/conformance/**",
  "test/lab/lab-command.test.ts",
  "test/bench/run-suite.test.ts",
];
const excluded = [...processTests, "**/node_modules/**"].flatMap((files) => ["--exclude", files]);

const startedAt = Date.now();
await Promise.all([everythingElse(), step("tests and coverage", "vitest", ["run", "--coverage", ...excluded])]);
console.log(`check: ${process.exitCode ? "failed" : "passed"} in ${seconds(startedAt)}`);

async function everythingElse() {
  await step("format", "biome", ["format", "."]);
  await step("lint and layers", "oxlint", ["--type-aware"]);
  await step("types", "tsc", ["--noEmit", "-p", "tsconfig.json"]);
  await step("unused code", "knip", []);
  await step("package", "publint", ["--strict"]);
  await step("types as published", "attw", ["--pack", ".", "--profile", "esm-only", "--quiet"]);
  for (const config of reports)
    await step(`api report (${config}; npm run api accepts it)`, "api-extractor", ["run", "-c", config]);
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
