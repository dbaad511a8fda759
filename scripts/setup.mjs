// Puts in place what `npm start` and `npm test` need: the dependencies and the build, each only when it is missing or
// stale. Runs on the machine's own Node, whatever its age, before the project's own Node is there: no dependency, no
// TypeScript.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);

step("node_modules/.setup", "installing dependencies", manifestState(), () => {
  const npm = process.env.npm_execpath;
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  if (npm?.endsWith(".js")) run(process.execPath, [npm, ...args]);
  else run("npm", args);
});

step("dist/.setup", "building", sourceState(), () => {
  rmSync("dist", { recursive: true, force: true });
  run(join("node_modules", ".bin", "tsc"), ["-p", "tsconfig.build.json"]);
  run("node", [join("scripts", "bundle.mjs")]);
});

/** Does the work unless the stamp says that it was done for this very state, and says so where it takes a while. */
function step(stamp, what, state, work) {
  const wanted = createHash("sha256").update(state).digest("hex");
  if (read(stamp) === wanted) return;
  const startedAt = Date.now();
  process.stderr.write(`hawser: ${what} …`);
  try {
    work();
  } catch (error) {
    process.stderr.write(" failed\n");
    process.stderr.write(
      `${error.stdout ?? ""}${error.stderr ?? ""}${error.stdout === undefined ? error.message : ""}\n`,
    );
    process.exit(1);
  }
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
  process.stderr.write(` done in ${((Date.now() - startedAt) / 1000).toFixed(1)} s\n`);
}

function run(command, args) {
  // The project's own Node goes first, as it does in every npm script.
  const PATH = `${join(root, "node_modules", ".bin")}:${process.env.PATH}`;
  execFileSync(command, args, { stdio: "pipe", env: { ...process.env, PATH } });
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function manifestState() {
  return ["package.json", "package-lock.json"].map(read).join("\n") + process.platform + process.arch;
}

function sourceState() {
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).toSorted((a, b) => (a < b ? -1 : 1));
  const stats = files.map((name) => {
    const { mtimeMs, size } = statSync(join("src", name));
    return `${name} ${mtimeMs} ${size}`;
  });
  return [
    ...stats,
    read("tsconfig.json"),
    read("tsconfig.build.json"),
    read("scripts/bundle.mjs"),
    read("node_modules/.setup"),
  ].join("\n");
}
