import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished, test } from "vitest";
import { dial, eventually } from "./bench.ts";

test.each(["SIGINT", "SIGTERM"] as const)(
  "started alone it prints where it is, and ends on %s with a socket still open",
  async (signal) => {
    const start = new URL("../../sandbox/start.ts", import.meta.url).pathname;
    const ports = ["gateway", "notifications", "feed", "tokens", "control"].map((name) => `--${name}-port=0`);
    const child = spawn(process.execPath, [start, ...ports], { stdio: ["ignore", "pipe", "inherit"] });
    onTestFinished(() => void child.kill("SIGKILL"));
    let printed = "";
    child.stdout.on("data", (data: Buffer) => (printed += data.toString()));
    await eventually(() => printed).toContain("Ctrl-C");

    const gateway = /payment gateway +(\S+)/.exec(printed)?.[1] ?? "";
    const idle = await dial(gateway);
    child.kill(signal);
    const [code] = await once(child, "exit");

    expect(code).toBe(0);
    expect(await idle.ended).toBe("ECONNRESET");
    expect(printed).toMatch(/price feed +ws:\/\/127\.0\.0\.1:\d+\/stream +key sandbox-feed-key/);
  },
);
