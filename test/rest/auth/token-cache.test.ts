import { describe, expect, test } from "vitest";
import { silentLogger } from "../../../src/core/logger.ts";
import { currentRequest, withRequest } from "../../../src/core/request-scope.ts";
import { CredentialsError } from "../../../src/core/auth/credentials-error.ts";
import { TokenCache } from "../../../src/rest/auth/token-cache.ts";
import type { FreshToken } from "../../../src/rest/auth/token-decision.ts";
import { reasonOf } from "../../support/rest-client.ts";
import { settled, VirtualClock } from "../../support/virtual-clock.ts";

interface Asking extends PromiseWithResolvers<FreshToken<string>> {
  readonly signal: AbortSignal;
}

/** A cache, and every request for a token that it has made, to be answered by the test. */
function bench(): {
  readonly cache: TokenCache<string>;
  readonly clock: VirtualClock;
  readonly askings: readonly Asking[];
  readonly background: readonly CredentialsError[];
  readonly give: (value: string, lifetimeMs: number) => Promise<void>;
  readonly fail: () => Promise<void>;
} {
  const clock = new VirtualClock();
  const askings: Asking[] = [];
  const background: CredentialsError[] = [];
  const cache = new TokenCache<string>({
    ask: (signal) => {
      const asking = { ...Promise.withResolvers<FreshToken<string>>(), signal };
      askings.push(asking);
      return asking.promise;
    },
    whence: "the vault",
    clock,
    limitMs: 5_000,
    onBackgroundFailure: (error) => background.push(error),
  });
  return {
    cache,
    clock,
    askings,
    background,
    async give(value, lifetimeMs) {
      askings.at(-1)?.resolve({ value, lifetimeMs });
      await settled();
    },
    async fail() {
      askings.at(-1)?.reject(new CredentialsError("the vault is sealed", { kind: "transient" }));
      await settled();
    },
  };
}

const hourMs = 3_600_000;

describe("one request at a time", () => {
  test("serves all who wait", async () => {
    const { cache, askings, give } = bench();
    const all = Promise.all(Array.from({ length: 100 }, async () => cache.get()));
    await give("a", hourMs);
    expect(new Set(await all)).toEqual(new Set(["a"]));
    expect(askings).toHaveLength(1);
    expect(cache.get()).toBe("a");
  });

  test("is made in the background, once, while the token that is held serves without a wait", async () => {
    const { cache, clock, askings, give } = bench();
    const first = cache.get();
    await give("a", hourMs);
    await first;
    clock.jump(hourMs - 100_000);
    expect([cache.get(), cache.get()]).toEqual(["a", "a"]);
    expect(askings).toHaveLength(2);
    await give("b", hourMs);
    expect(cache.get()).toBe("b");
  });

  test("in the background that is still under way is joined by who must wait", async () => {
    const { cache, clock, askings, give } = bench();
    void cache.get();
    await give("a", hourMs);
    clock.jump(hourMs - 100_000);
    void cache.get();
    clock.jump(90_000);
    const waiting = cache.get();
    await give("b", hourMs);
    expect(await waiting).toBe("b");
    expect(askings).toHaveLength(2);
  });

  test("knows nothing of the deadline and signals of who was first", async () => {
    const clock = new VirtualClock();
    let inherited: unknown = "not asked";
    const cache = new TokenCache<string>({
      ask: async () => {
        inherited = currentRequest();
        return { value: "a", lifetimeMs: 0 };
      },
      whence: "the vault",
      clock,
      limitMs: 5_000,
      onBackgroundFailure: () => undefined,
    });
    await withRequest({ deadlineMs: 1, logger: silentLogger }, () => cache.get());
    expect(inherited).toBeUndefined();
  });
});

describe("a request that fails", () => {
  test("fails all who wait, and all who come within the back-off, with how long that is", async () => {
    const { cache, clock, askings, fail } = bench();
    const waiting = [reasonOf(Promise.resolve(cache.get())), reasonOf(Promise.resolve(cache.get()))];
    await fail();
    for (const reason of await Promise.all(waiting)) {
      expect(reason).toMatchObject({ message: "the vault is sealed", kind: "transient", retryAfterMs: 201 });
    }
    clock.jump(150);
    expect(() => cache.get()).toThrow(expect.objectContaining({ retryAfterMs: 51 }));
    clock.jump(50);
    void Promise.resolve(cache.get()).catch(() => undefined);
    expect(askings).toHaveLength(2);
    await fail();
  });

  test("near the end of the token that is held fails nobody, for that one is still good", async () => {
    const { cache, clock, give, fail, background } = bench();
    void cache.get();
    await give("a", hourMs);
    clock.jump(hourMs - 10_000);
    const waiting = cache.get();
    await fail();
    expect(await waiting).toBe("a");
    expect(background).toEqual([]);
  });

  test("in the background is told, and nobody else notices", async () => {
    const { cache, clock, give, fail, background } = bench();
    void cache.get();
    await give("a", hourMs);
    clock.jump(hourMs - 100_000);
    expect(cache.get()).toBe("a");
    await fail();
    expect(background).toMatchObject([{ message: "the vault is sealed" }]);
    expect(cache.get()).toBe("a");
  });

  test("by taking too long is aborted, and leaves no timer", async () => {
    const { cache, clock, askings } = bench();
    const waiting = reasonOf(Promise.resolve(cache.get()));
    await clock.advance(5_000);
    expect(await waiting).toMatchObject({ message: "the vault did not answer within 5000 ms", kind: "transient" });
    expect(askings[0]?.signal.aborted).toBe(true);
    expect(clock.timers).toBe(0);
    // What comes after all is too late, and harmless.
    askings[0]?.reject(new Error("late"));
    await settled();
  });

  test("by throwing at once is no other", async () => {
    const cache = new TokenCache<string>({
      ask: () => {
        throw Object.assign(new Error("s3cr3t"), { code: "ENOENT" });
      },
      whence: "the vault",
      clock: new VirtualClock(),
      limitMs: 5_000,
      onBackgroundFailure: () => undefined,
    });
    expect(await reasonOf(Promise.resolve(cache.get()))).toMatchObject({ message: "the vault failed (ENOENT)" });
  });
});

describe("closed", () => {
  test("it gives a request up, and fails who waits for it", async () => {
    const { cache, clock, askings } = bench();
    const waiting = reasonOf(Promise.resolve(cache.get()));
    cache.close();
    expect(await waiting).toMatchObject({ message: "the service was closed", kind: "permanent" });
    expect(askings[0]?.signal.aborted).toBe(true);
    expect(clock.timers).toBe(0);
  });

  test("it tells of no refresh that it gave up itself, and asks for nothing more", async () => {
    const { cache, clock, askings, give, background } = bench();
    void cache.get();
    await give("a", hourMs);
    clock.jump(hourMs - 100_000);
    void cache.get();
    cache.close();
    await settled();
    expect(background).toEqual([]);
    clock.jump(10_000);
    expect(await reasonOf(Promise.resolve(cache.get()))).toMatchObject({ message: "the service was closed" });
    expect(askings).toHaveLength(2);
  });
});
