import { execFile } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { GatewayLedger } from "../../sandbox/payment-gateway.ts";
import { eventually, isReachable } from "../sandbox/bench.ts";
import { order } from "./storefront-bench.ts";
import { freePorts, isLeft, startProcess } from "./storefront-process.ts";

const sh = async (line: string): Promise<string> => (await promisify(execFile)("sh", ["-c", line])).stdout;

test("every curl line that it prints works as it stands", async () => {
  await using shop = startProcess(freePorts);
  await shop.ready();
  const lines = [...shop.output().matchAll(/^ +(curl .+)$/gm)].map(([, line]) => line ?? "");
  const answers = [];
  for (const line of lines) answers.push(await sh(line.replace("curl", "curl --silent --show-error --fail")));

  expect(answers).toHaveLength(6);
  const [health, payment, prices, fault, ledger, mended] = answers as [string, string, string, string, string, string];
  expect(JSON.parse(health)).toMatchObject({ status: "pass" });
  expect(JSON.parse(payment)).toMatchObject({ id: "pay_000001", amount: 12.5 });
  expect(prices.match(/^event: tick$/gm)).toHaveLength(5);
  expect(JSON.parse(fault)).toMatchObject({ kind: "reset-after-read", active: true });
  expect(JSON.parse(ledger)).toMatchObject({ charges: [{ id: "pay_000001" }] });
  expect(mended).toBe("");
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s ends it, also with a stream open, with 0 and nothing left",
  async (signal) => {
    await using shop = startProcess(freePorts);
    await shop.ready();
    const url = /storefront +(\S+)/.exec(shop.output())?.[1] ?? "";
    const open = await fetch(`${url}/prices/stream`);
    shop.child.kill(signal);

    expect(await shop.ended).toBe(0);
    await open.text();
    expect(isLeft(shop)).toBe(false);
    expect(await isReachable(url)).toBe(false);
    expect(shop.errors()).toBe("");
  },
);

test("a Ctrl-C that npm hands on as well is one Ctrl-C", async () => {
  await using shop = startProcess(freePorts);
  await shop.ready();
  shop.child.kill("SIGINT");
  shop.child.kill("SIGINT");

  expect(await shop.ended).toBe(0);
});

test("a second Ctrl-C while it closes ends it at once, with 130", async () => {
  await using shop = startProcess(freePorts);
  await shop.ready();
  const [url, gateway] = [/storefront +(\S+)/, /payment gateway +(\S+)/].map((at) => at.exec(shop.output())?.[1] ?? "");
  await fetch(`${gateway}/__faults`, { method: "POST", body: '{"kind":"latency","ms":60000}' });
  const headers = { "content-type": "application/json" };
  const cut = fetch(`${url}/payments`, { method: "POST", headers, body: JSON.stringify(order) }).catch(
    (error: Error) => error.message,
  );
  await eventually(
    async () => ((await (await fetch(`${gateway}/__ledger`)).json()) as GatewayLedger).charges,
  ).toHaveLength(1);
  let code: number | null = null;
  void shop.ended.then((ended) => (code = ended));
  await eventually(() => {
    shop.child.kill("SIGINT");
    return code;
  }).toBe(130);
  expect(await cut).toBe("fetch failed");
});

test("a port that is taken gives way to a free one, and it says so", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  await using shop = startProcess([...freePorts, `--port=${port}`]);
  await shop.ready();
  other.close();

  const moved = new RegExp(`port ${port} is taken: the application is on (\\d+)`).exec(shop.output());
  expect(Number(moved?.[1])).toBeGreaterThan(port);
  expect(shop.output()).toContain(`curl http://127.0.0.1:${moved?.[1]}/health`);
});

test.each([
  [["--prot=3000"], "Unknown option '--prot'"],
  [["--port=http"], "--port must be a port from 0 to 65535"],
  [["--port=65536"], "--port must be a port from 0 to 65535"],
  [["--quick"], "--quick goes with --tour"],
])("%j is one clear line, and exit code 2", async (args, line) => {
  await using shop = startProcess(args);

  expect(await shop.ended).toBe(2);
  expect(shop.errors()).toBe(`storefront: ${line} (--help shows the flags)\n`);
  expect(shop.output()).toBe("");
});

test("--help tells of every flag", async () => {
  await using shop = startProcess(["--help"]);

  expect(await shop.ended).toBe(0);
  for (const flag of ["--port", "--gateway-port", "--tour", "--quick"]) expect(shop.output()).toContain(flag);
});
