/* oxlint-disable typescript/unbound-method -- that they need no binding is what is tested */
import { inspect } from "node:util";
import { describe, expect, test, vi } from "vitest";
import { standInFor } from "../../src/frameworks/stand-in.ts";

class Counter {
  #count = 0;
  readonly name: string;
  declare onModuleInit?: () => void;
  constructor(name: string) {
    this.name = name;
  }
  get total(): number {
    return this.#count;
  }
  add(by: number): number {
    this.#count += by;
    return this.#count;
  }
}

const of = <T extends object>(find: () => T, prototype: object = Counter.prototype): T =>
  standInFor({ find, prototype, silent: new Set(["onModuleInit"]) });

test("methods, getters and fields are those of the object that it stands for, with its private members", () => {
  const counter = new Counter("one");
  const stand = of(() => counter);
  expect([stand.add(2), stand.total, stand.name]).toEqual([2, 2, "one"]);
  expect(counter.total).toBe(2);
  expect(stand).toBeInstanceOf(Counter);
  expect(stand.constructor).toBe(Counter);
  expect("name" in stand && "add" in stand).toBe(true);
  expect(Object.keys(stand)).toEqual(["name"]);
});

test("each use asks anew", () => {
  let current = new Counter("one");
  const stand = of(() => current);
  const { add } = stand;
  add(1);
  current = new Counter("two");
  expect([stand.name, stand.total, stand.add(5)]).toEqual(["two", 0, 5]);
});

test("a method is the same each time while the object is", () => {
  let current = new Counter("one");
  const stand = of(() => current);
  const before = stand.add;
  expect(stand.add).toBe(before);
  current = new Counter("two");
  expect(stand.add).not.toBe(before);
});

test("a fake's own functions are handed out as they are", () => {
  const add = vi.fn<() => number>(() => 7);
  const stand = of(() => ({ add, name: "fake" }));
  expect(stand.add).toBe(add);
  expect(stand.add()).toBe(7);
});

test("what is set, defined, deleted or spied on is so on the object itself", () => {
  const counter = new Counter("one");
  const stand = of(() => counter);
  const spy = vi.spyOn(stand, "add").mockReturnValue(42);
  expect(counter.add(1)).toBe(42);
  expect(stand.add(1)).toBe(42);
  expect(stand.add).toHaveBeenCalledTimes(2);
  spy.mockRestore();
  expect(counter.add(1)).toBe(1);
  stand.onModuleInit = () => undefined;
  expect(counter.onModuleInit).toBeTypeOf("function");
  expect(delete stand.onModuleInit).toBe(true);
  expect(counter).not.toHaveProperty("onModuleInit");
});

test("it is no promise, and has none of the keys that are silent, whatever the object has", async () => {
  // oxlint-disable-next-line unicorn/no-thenable -- on purpose
  const stand = of(() => ({ then: (done: (value: string) => void) => done("taken for a promise"), onModuleInit: 1 }));
  expect(stand.then).toBeUndefined();
  expect(stand.onModuleInit).toBeUndefined();
  const awaited: unknown = await stand;
  expect(awaited).toBe(stand);
});

test("a function may be called through it", () => {
  const query = Object.assign((text: string) => `did ${text}`, { end: () => "ended" });
  const stand = of(() => query, Function.prototype);
  expect([stand("this"), stand.end()]).toEqual(["did this", "ended"]);
});

test("inspect shows the object", () => {
  expect(inspect(of(() => new Counter("one")))).toBe(inspect(new Counter("one")));
});

test("a fixed property is reported, which a proxy of something else may not report as fixed", () => {
  const stand = of(() => Object.freeze({ id: 1 }));
  expect(Object.getOwnPropertyDescriptor(stand, "id")).toMatchObject({ value: 1, configurable: true });
  expect(() => Object.preventExtensions(stand)).toThrow(TypeError);
});

describe("before there is an object", () => {
  const missing = new Error("not started");
  let current: Counter | undefined;
  const stand = of(() => {
    if (current === undefined) throw missing;
    return current;
  });

  test("it is of its kind already, and may be looked at", () => {
    expect([stand instanceof Counter, stand.constructor]).toEqual([true, Counter]);
    expect(inspect(stand)).toContain("Counter");
    expect([Object.keys(stand), "add" in stand, "name" in stand]).toEqual([[], true, false]);
    expect(stand.onModuleInit).toBeUndefined();
  });

  test("a use throws what the search for it throws", () => {
    expect(() => stand.name).toThrow(missing);
    expect(() => stand.total).toThrow(missing);
    expect(() => stand.add(1)).toThrow(missing);
    expect(() => (stand.onModuleInit = () => undefined)).toThrow(missing);
  });

  test("a method that was taken then works later", () => {
    const { add } = stand;
    current = new Counter("late");
    expect(add(3)).toBe(3);
    expect(current.total).toBe(3);
    current = undefined;
  });
});
