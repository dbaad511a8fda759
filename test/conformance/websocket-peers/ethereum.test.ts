import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { thrownBy, until } from "../../websocket/peer.ts";
import { EthereumNode, type Head, headOf } from "./ethereum.ts";
import { freePort, Program, skipped } from "./program.ts";

const program = ganache();
const isMissing = program === undefined;

/** Its command line; undefined, and said aloud, where the package is not there. */
function ganache(): string | undefined {
  try {
    return join(createRequire(import.meta.url).resolve("ganache/package.json"), "../dist/node/cli.js");
  } catch {
    skipped("ganache", "npm install ganache");
    return undefined;
  }
}

/** A node whose blocks are in memory: each process begins a chain of its own. */
async function startNode(): Promise<AsyncDisposable & { readonly url: string; readonly node: Program }> {
  const port = await freePort();
  const node = await Program.start({
    command: process.execPath,
    args: () => [
      program ?? "",
      "--server.host=127.0.0.1",
      `--server.port=${port}`,
      "--wallet.totalAccounts=1",
      "--logging.quiet",
    ],
    port,
  });
  return { url: `ws://127.0.0.1:${port}`, node, [Symbol.asyncDispose]: async () => node[Symbol.asyncDispose]() };
}

describe("with an Ethereum node", () => {
  test.skipIf(isMissing)("calls are answered, and refused with the node's own code", async () => {
    await using on = await startNode();
    await using ethereum = new EthereumNode(on.url);
    await ethereum.connect();

    const answers = await Promise.all([
      ethereum.request({ method: "eth_chainId" }),
      ethereum.request({ method: "eth_blockNumber", params: [] }),
      ethereum.request({ method: "web3_sha3", params: ["0x"] }),
      thrownBy(ethereum.request({ method: "eth_nonsense" })),
    ]);

    expect(answers.slice(0, 3)).toEqual([
      "0x539",
      "0x0",
      "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
    ]);
    // Not -32601, as JSON-RPC would have it: that is the node's affair.
    expect(answers[3]).toMatchObject({
      name: "ServiceRpcError",
      rpcCode: -32_700,
      outcome: "rejected",
      rpcMessage: expect.stringContaining("eth_nonsense") as string,
    });
  });

  test.skipIf(isMissing)("heads come in the order of the chain, until they are not wanted any more", async () => {
    await using on = await startNode();
    const heads: Head[] = [];
    await using ethereum = new EthereumNode(on.url);
    await ethereum.connect();
    const subscription = await ethereum.subscribe("newHeads", (message) => void heads.push(headOf(message)));
    for (let block = 1; block <= 20; block++) await ethereum.request({ method: "evm_mine" });
    await until(() => heads.length === 20);
    await subscription.unsubscribe();
    await ethereum.request({ method: "evm_mine" });
    // Where a head of that block was sent, it was sent before this answer.
    expect(await ethereum.request({ method: "eth_blockNumber" })).toBe("0x15");

    expect(heads.map(({ number }) => number)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(heads.slice(1).map(({ parentHash }) => parentHash)).toEqual(heads.slice(0, -1).map(({ hash }) => hash));
  });

  test.skipIf(isMissing)("heads come again after the node was killed and started anew", async () => {
    await using on = await startNode();
    const heads: number[] = [];
    await using ethereum = new EthereumNode(on.url);
    await ethereum.connect();
    await ethereum.subscribe("newHeads", (message) => void heads.push(headOf(message).number));
    await ethereum.request({ method: "evm_mine" });
    await until(() => heads.length === 1);

    await on.node.restart("SIGKILL");
    // Waits for the connection, and with it for the subscription.
    await ethereum.request({ method: "evm_mine" });
    await until(() => heads.length === 2);

    // A chain of its own, so its first block.
    expect(heads).toEqual([1, 1]);
    expect(ethereum.subscribed).toBe(2);
  });

  test.skipIf(isMissing)(
    "a call whose answer a killed node owes is of unknown outcome, and is not made again",
    async () => {
      await using on = await startNode();
      await using ethereum = new EthereumNode(on.url);
      await ethereum.connect();
      // It takes what comes, and does nothing with it.
      on.node.signal("SIGSTOP");
      const call = thrownBy(ethereum.request({ method: "evm_mine" }));
      await until(() => ethereum.stats().messagesOut === 1);
      await on.node.restart("SIGKILL");

      expect(await call).toMatchObject({ code: "connection-reset", outcome: "unknown" });
      expect(await ethereum.request({ method: "eth_blockNumber" })).toBe("0x0");
    },
  );
});
