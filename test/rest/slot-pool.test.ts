import { EventEmitter } from "node:events";
import type { Dispatcher } from "undici";
import { describe, expect, test } from "vitest";
import type { ConnectionUse, ConnectionWitness } from "../../src/rest/connection-use.ts";
import { SlotPool } from "../../src/rest/slot-pool.ts";
import { HeapSamples } from "../conformance/soak/memory.ts";

/** A client that notes what it is given; nothing ends by itself. */
class FakeClient extends EventEmitter {
  readonly taken: string[] = [];
  isClosed = false;
  isDestroyed = false;

  dispatch(options: Dispatcher.DispatchOptions): boolean {
    this.taken.push(options.path);
    return true;
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  async destroy(): Promise<void> {
    this.isDestroyed = true;
  }
}

class Request implements ConnectionWitness {
  use: ConnectionUse | undefined;
  isOver = false;

  end(): void {
    this.use?.free();
  }
}

class Scene {
  readonly clients: FakeClient[] = [];
  readonly elsewhere: FakeClient = new FakeClient();
  readonly pool: SlotPool;

  constructor(maxSlots: number) {
    const makeClient = (): Dispatcher => {
      const client = new FakeClient();
      this.clients.push(client);
      return client as unknown as Dispatcher;
    };
    this.pool = new SlotPool("http://api.test", maxSlots, makeClient, () => this.elsewhere);
  }

  send(path: string, origin = "http://api.test", witness: Request = new Request()): Request {
    this.pool.dispatch({ origin, path, method: "GET", witness }, {});
    return witness;
  }

  get taken(): string[][] {
    return this.clients.map(({ taken }) => taken);
  }
}

describe("a slot pool", () => {
  test("grows up to its limit and no further; who comes then waits, in order", () => {
    const scene = new Scene(2);
    const [first, second] = ["/1", "/2", "/3", "/4"].map((path) => scene.send(path));
    expect(scene.taken).toEqual([["/1"], ["/2"]]);
    second?.end();
    first?.end();
    expect(scene.taken).toEqual([
      ["/1", "/4"],
      ["/2", "/3"],
    ]);
  });

  test("keeps nothing of who has waited, while others still do", async () => {
    const scene = new Scene(1);
    const first = scene.send("/1");
    const waited = new WeakRef(scene.send("/2"));
    const others = [scene.send("/3"), scene.send("/4")];
    first.end();
    waited.deref()?.end();
    expect(scene.taken).toEqual([["/1", "/2", "/3"]]);
    // What was looked at through the reference stays until the turn is over.
    await new Promise((resolve) => setImmediate(resolve));
    new HeapSamples().take();
    expect(waited.deref()).toBeUndefined();
    expect(others.map(({ use }) => use !== undefined)).toEqual([true, false]);
  });

  test("takes the place that was freed last, whose connection is the freshest", () => {
    const scene = new Scene(3);
    const [first, second, third] = ["/1", "/2", "/3"].map((path) => scene.send(path));
    first?.end();
    third?.end();
    second?.end();
    scene.send("/4");
    scene.send("/5");
    expect(scene.taken).toEqual([["/1"], ["/2", "/4"], ["/3", "/5"]]);
  });

  test("gives no place to who was given up while waiting", () => {
    const scene = new Scene(1);
    const first = scene.send("/1");
    scene.send("/2").isOver = true;
    scene.send("/3");
    first.end();
    expect(scene.taken).toEqual([["/1", "/3"]]);
  });

  test("keeps the order of thousands that wait", () => {
    const scene = new Scene(1);
    const requests = Array.from({ length: 3_000 }, (_, i) => scene.send(`/${i}`));
    for (const request of requests) request.end();
    expect(scene.taken).toEqual([Array.from({ length: 3_000 }, (_, i) => `/${i}`)]);
  });

  test("forgets what a connection has served when there is a new one", () => {
    const scene = new Scene(1);
    const { use } = scene.send("/1");
    if (use !== undefined) use.answers = 3;
    scene.clients[0]?.emit("connect");
    expect(use?.answers).toBe(0);
  });

  test("sends what goes to another origin elsewhere, outside of its places", () => {
    const scene = new Scene(1);
    scene.send("/away", "http://other.test");
    scene.send("/here");
    expect([scene.elsewhere.taken, scene.taken]).toEqual([["/away"], [["/here"]]]);
  });

  test("that is closed ends when all that is under way, and that waits, has ended", async () => {
    const scene = new Scene(1);
    scene.send("/away", "http://other.test");
    const [first, second] = [scene.send("/1"), scene.send("/2")];
    const closing = scene.pool.close();
    first.end();
    expect(scene.clients[0]?.isClosed).toBe(false);
    second.end();
    await closing;
    expect([scene.clients[0]?.isClosed, scene.elsewhere.isClosed]).toEqual([true, true]);
  });

  test("that was never used closes at once", async () => {
    const scene = new Scene(1);
    await scene.pool.close();
    await scene.pool.destroy();
    expect(scene.clients).toEqual([]);
  });

  test("that is destroyed ends every client, and its closing with them", async () => {
    const scene = new Scene(1);
    scene.send("/1");
    scene.send("/away", "http://other.test");
    const closing = scene.pool.close();
    await scene.pool.destroy();
    expect([scene.clients[0]?.isDestroyed, scene.elsewhere.isDestroyed]).toEqual([true, true]);
    scene.elsewhere.isClosed = true;
    await closing;
  });
});
