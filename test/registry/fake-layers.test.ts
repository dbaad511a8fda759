import { expect, test } from "vitest";
import { defineServices } from "../../src/registry/define.ts";
import { rest } from "../../src/registry/definition.ts";
import { FakeLayers } from "../../src/registry/fake-layers.ts";
import { RESTService } from "../../src/rest/rest-service.ts";

class Ledger extends RESTService {}

test("the latest layer wins for the names that it has, and each takes back only itself", () => {
  const layers = new FakeLayers(new Map([["a", 1]]));
  const second = layers.add(new Map([["a", 2]]));
  const third = layers.add(
    new Map<string, unknown>([
      ["a", 3],
      ["b", undefined],
    ]),
  );
  expect([layers.get("a"), layers.has("b"), layers.get("b"), layers.has("c")]).toEqual([3, true, undefined, false]);
  second();
  expect(layers.get("a")).toBe(3);
  third();
  third();
  expect([layers.get("a"), layers.has("b")]).toEqual([1, false]);
});

test("what is overridden within a scope holds in it alone, also beside another one", async () => {
  const services = defineServices({ ledger: rest(Ledger) });
  const both = Promise.withResolvers<void>();
  let come = 0;
  const seen = async (path: string): Promise<string> =>
    services.with({}, async ({ override }) => {
      override({ ledger: { name: path } });
      come += 1;
      if (come === 2) both.resolve();
      await both.promise;
      return services.get("ledger").name;
    });
  expect(await Promise.all([seen("one"), seen("two")])).toEqual(["one", "two"]);
  expect(() => services.get("ledger")).toThrow(/not started/);
});

test("within a scope, what is overridden there ends when it is disposed, and a wrong name is refused", async () => {
  const services = defineServices({ ledger: rest(Ledger) });
  await services.with({ ledger: { name: "outer" } }, ({ override }) => {
    {
      using _ = override({ ledger: { name: "inner" } });
      expect(services.get("ledger").name).toBe("inner");
    }
    expect(services.get("ledger").name).toBe("outer");
    expect(() => override({ leger: {} } as never)).toThrow(/known are ledger/);
  });
});
