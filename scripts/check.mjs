// All that CI does but the browser, and the programs that run as processes of their own (`npm test` runs those too): each
// step in turn, its output shown only when it fails.
import { spawnSync } from "node:child_process";

const reports = ["hawser", "hawser-fastify", "hawser-lab", "hawser-auth-oauth2", "hawser-auth-sigv4"].map(
  (name) => `api/${name}.json`,
);

if (process.argv.includes("--update-api")) {
  for (const config of reports) step("api report", "api-extractor", ["run", "--local", "-c", config]);
  process.exit(process.exitCode ?? 0);
}

const startedAt = Date.now();
step("format", "biome", ["format", "."]);
step("lint and layers", "oxlint", ["--type-aware"]);
step("types", "tsc", ["--noEmit", "-p", "tsconfig.json"]);
step("unused code", "knip", []);
step("package", "publint", ["--strict"]);
step("types as published", "attw", ["--pack", ".", "--profile", "esm-only", "--quiet"]);
for (const config of reports)
  step(`api report (${config}; npm run api accepts it)`, "api-extractor", ["run", "-c", config]);
step("size", "size-limit", []);
step("tests and coverage", "vitest", [
  "run",
  "--coverage",
  "--exclude",
  "test/browser/**",
  "--exclude",
  "test/examples/**",
  "--exclude",
  "test/conformance/payments.test.ts",
  "--exclude",
  "test/lab/lab-command.test.ts",
  "--exclude",
  "**/node_modules/**",
]);
console.log(`check: ${process.exitCode ? "failed" : "passed"} in ${seconds(startedAt)}`);

function step(name, command, args) {
  const from = Date.now();
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  console.log(`${status === 0 ? "ok  " : "FAIL"} ${name} (${seconds(from)})`);
  if (status === 0) return;
  console.log(`${stdout}${stderr}`);
  process.exitCode = 1;
}

function seconds(from) {
  return `${((Date.now() - from) / 1000).toFixed(1)} s`;
}
