import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

test("importing the library, and starting all parts of a transport, leaves the built-in fetch's dispatcher alone", () => {
  const program = `
    const { RESTService, silentLogger } = await import("./src/index.ts");
    const Service = class extends RESTService {};
    const baseUrl = "https://api.test";
    for (const proxy of ["environment", "http://proxy.test"]) {
      const service = new Service({ baseUrl, proxy, cache: true, http2: true, logger: silentLogger });
      await service.connect();
      await service.close();
    }
    const touched = ["1", "2"].filter((version) => globalThis[Symbol.for("undici.globalDispatcher." + version)]);
    process.stdout.write(JSON.stringify(touched));
  `;
  const root = new URL("../../", import.meta.url);
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: root,
    env: { HTTPS_PROXY: "http://proxy.test" },
  });
  expect(output.toString()).toBe("[]");
});
