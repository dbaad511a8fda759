import { inspect } from "node:util";

/**
 * An object that stands for another one, which is asked for at each use: it may not be there yet, and it may be
 * another one next time. Methods see the object itself as `this`, so that `#private` members work.
 *
 * @param options - `find`: the object that it stands for now; what it throws, a use throws. `prototype`: what is known
 * of that object before it can be found: it is of that kind, and has these methods. `silent`: keys that are always
 * undefined, for those who ask every object whether it has them.
 */
export function standInFor<T extends object>(options: {
  readonly find: () => T;
  readonly prototype: object;
  readonly silent?: ReadonlySet<PropertyKey> | undefined;
}): T {
  const { find, prototype, silent } = options;
  const bound = new BoundMethods();
  const ifFound = (): T | undefined => {
    try {
      return find();
    } catch {
      return undefined;
    }
  };
  const valueOf = (key: PropertyKey): unknown => {
    const object = ifFound();
    if (object !== undefined) return bound.get(object, key);
    if (key === "constructor" || typeof key === "symbol") return Reflect.get(prototype, key);
    // A method can be taken now and called later; everything else has to be there.
    if (!isMethod(prototype, key)) return Reflect.get(find(), key);
    return (...args: readonly unknown[]) => Reflect.apply(Reflect.get(find(), key) as AnyFunction, find(), args);
  };
  // inspect looks past the traps, at the target.
  const shown = { value: () => ifFound() ?? Object.create(prototype), configurable: true };
  const target = Object.defineProperty(targetFor(ifFound(), prototype), inspect.custom, shown);
  return new Proxy(target as T, {
    // Not a promise, whatever it stands for: awaited, it would be taken for what it is not.
    get: (_target, key) => (key === "then" || silent?.has(key) === true ? undefined : valueOf(key)),
    has: (_target, key) => key in (ifFound() ?? prototype),
    set: (_target, key, value) => Reflect.set(find(), key, value),
    apply: (_target, self, args) => Reflect.apply(find() as AnyFunction, self, args),
    deleteProperty: (_target, key) => Reflect.deleteProperty(find(), key),
    defineProperty: (_target, key, descriptor) => Reflect.defineProperty(find(), key, descriptor),
    getPrototypeOf: () => Reflect.getPrototypeOf(ifFound() ?? Object.create(prototype)),
    ownKeys: () => Reflect.ownKeys(ifFound() ?? {}),
    getOwnPropertyDescriptor: (_target, key) => {
      const descriptor = Reflect.getOwnPropertyDescriptor(ifFound() ?? {}, key);
      // The target has no such property, and a proxy may report only those as fixed that its target has.
      return descriptor === undefined ? undefined : { ...descriptor, configurable: true };
    },
    // It would hold for the target alone.
    preventExtensions: () => false,
  });
}

type AnyFunction = (...args: readonly unknown[]) => unknown;

function isMethod(prototype: object, key: PropertyKey): boolean {
  for (let object: object | null = prototype; object !== null; object = Reflect.getPrototypeOf(object)) {
    const descriptor = Reflect.getOwnPropertyDescriptor(object, key);
    if (descriptor !== undefined) return typeof descriptor.value === "function";
  }
  return false;
}

/** Callable where what it stands for is. An arrow function: its own properties are all configurable. */
const targetFor = (object: object | undefined, prototype: object): object =>
  typeof object === "function" ? () => undefined : Object.create(prototype);

/** The methods of an object, each bound once, so that they are the same each time they are asked for. */
class BoundMethods {
  readonly #methods = new WeakMap<AnyFunction, { readonly object: object; readonly bound: AnyFunction }>();

  get(object: object, key: PropertyKey): unknown {
    const value: unknown = Reflect.get(object, key);
    // What is its own is handed out as it is: a fake's methods are mocks, which the test looks at.
    if (typeof value !== "function" || key === "constructor" || Object.hasOwn(object, key)) return value;
    const method = value as AnyFunction;
    const known = this.#methods.get(method);
    if (known?.object === object) return known.bound;
    const bound = method.bind(object);
    this.#methods.set(method, { object, bound });
    return bound;
  }
}
