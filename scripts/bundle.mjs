// Makes of what tsc has put into dist what is published: the modules of all entries together in a few files, and of the
// declarations those alone that an entry leads to. Half of the tarball was the names and heads of 800 small files; and an
// application loads the few in a third of the time. The code stays as it is to read: nothing is renamed or squeezed.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const manifest = JSON.parse(readFileSync("package.json", "utf8"));
const exported = Object.values(manifest.exports).filter((target) => typeof target === "object");
const entries = [...exported.map((target) => target.default), ...Object.values(manifest.bin)];
const bundled = "dist/.bundled";
const bin = (name) => join("node_modules", ".bin", name);

// The comments of the API are in the declarations; the others nobody looks for there.
const without = ["--removeComments", "--declaration", "false", "--isolatedDeclarations", "false"];
execFileSync(bin("tsc"), ["-p", "tsconfig.build.json", ...without]);
execFileSync(bin("esbuild"), [
  ...new Set(entries.map((entry) => entry.replace(/^\.\//, ""))),
  "--bundle",
  "--splitting",
  "--format=esm",
  "--platform=node",
  "--target=esnext",
  "--packages=external",
  "--outbase=dist",
  `--outdir=${bundled}`,
  "--chunk-names=chunks/[name]-[hash]",
  "--log-level=warning",
]);
const files = () => readdirSync("dist", { recursive: true, encoding: "utf8" }).filter((name) => !name.startsWith("."));
for (const name of files().filter((file) => file.endsWith(".js"))) rmSync(join("dist", name));
cpSync(bundled, "dist", { recursive: true });
rmSync(bundled, { recursive: true });
for (const name of files().filter((file) => file.endsWith(".js"))) {
  const code = readFileSync(join("dist", name), "utf8");
  // That a chunk is loaded as well does nothing, for no module does anything when it is; some bundlers warn of it.
  writeFileSync(join("dist", name), code.replaceAll(/^import "\.[^"]*";\n/gm, ""));
}

const needed = declarationsFrom(exported.map((target) => resolve(target.types)));
for (const name of files().filter((file) => file.endsWith(".d.ts"))) {
  if (!needed.has(resolve("dist", name))) rmSync(join("dist", name));
}

/** These declarations, and all that they import from each other. */
function declarationsFrom(roots) {
  const found = new Set();
  const next = [...roots];
  for (let path = next.pop(); path !== undefined; path = next.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    for (const [, specifier] of readFileSync(path, "utf8").matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)) {
      const target = resolve(dirname(path), specifier);
      const declaration = target.replace(/\.[jt]s$/, ".d.ts");
      next.push(existsSync(declaration) ? declaration : target);
    }
  }
  return found;
}
