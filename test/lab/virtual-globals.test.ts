import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

// In a process of its own, for what is replaced stays replaced.
const program = `
const { installVirtualGlobals } = await import("./src/lab/virtual-globals.ts");
const { VirtualClock } = await import("./src/core/virtual-clock.ts");
const clock = new VirtualClock();
installVirtualGlobals({ clock, random: () => 0.25 });
const seen = [];
setTimeout((name) => seen.push([name, performance.now()]), 50.9, "timeout");
clearTimeout(setTimeout(() => seen.push("cleared"), 10));
clearTimeout(undefined);
const every = setInterval(() => { seen.push(["interval", Date.now()]); if (seen.length > 3) clearInterval(every); }, 30);
AbortSignal.timeout(70).addEventListener("abort", (event) => seen.push([event.target.reason.name, clock.now()]));
seen.push(Math.random());
await clock.run(1_000);
console.log(JSON.stringify({ seen, date: [new Date().toISOString(), new Date(0).toISOString(), new Date() instanceof Date, typeof Date()] }));
`;

test("timers, dates, chance and abort signals of libraries follow the virtual clock", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], {
    cwd: new URL("../../", import.meta.url),
  });
  const start = Date.UTC(2026, 0, 1);
  expect(JSON.parse(stdout)).toEqual({
    seen: [0.25, ["interval", start + 30], ["timeout", 50], ["interval", start + 60], ["TimeoutError", 70]],
    date: ["2026-01-01T00:00:01.000Z", "1970-01-01T00:00:00.000Z", true, "string"],
  });
});
