import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

test("importing the library leaves the dispatcher of the built-in fetch alone", () => {
  const program = `
    await import("./src/index.ts");
    const touched = ["1", "2"].filter((version) => globalThis[Symbol.for("undici.globalDispatcher." + version)]);
    process.stdout.write(JSON.stringify(touched));
  `;
  const root = new URL("../../", import.meta.url);
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", program], { cwd: root });
  expect(output.toString()).toBe("[]");
});
