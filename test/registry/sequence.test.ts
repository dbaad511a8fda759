import { expect, test } from "vitest";
import { isServiceStopError, type ServiceStopError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/core/logger.ts";
import { closeInReverse, connectInOrder } from "../../src/registry/sequence.ts";
import type { RESTService } from "../../src/rest/rest-service.ts";
import { failureOf, logbook, reasonOf } from "../support/rest-client.ts";
import { type Behaviour, journaling, openForever } from "./journal.ts";

function three(behaviours: Readonly<Record<string, Behaviour>> = {}): {
  readonly journal: readonly string[];
  readonly services: ReadonlyMap<string, RESTService>;
} {
  const { journal, Journaling } = journaling(behaviours);
  const make = (name: string): RESTService =>
    new Journaling({ name, baseUrl: "https://a.example", logger: silentLogger });
  return { journal, services: new Map(["a", "b", "c"].map((name) => [name, make(name)])) };
}

const made = ["make a", "make b", "make c"];
const run = { signal: new AbortController().signal, logger: silentLogger };
const own = new Error("mine");
const throwOwn = async (): Promise<void> => {
  throw own;
};

test("services connect in order and close in reverse", async () => {
  const { journal, services } = three();
  const connected: string[] = [];
  await connectInOrder(services, { ...run, onConnected: (name) => connected.push(name) });
  expect(connected).toEqual(["a", "b", "c"]);
  await closeInReverse(services);
  expect(journal).toEqual([...made, "open a", "open b", "open c", "shut c", "shut b", "shut a"]);
});

test("when one fails, those before it are closed in reverse, and what it threw is thrown", async () => {
  const { journal, services } = three({ b: { open: throwOwn } });
  expect(await reasonOf(connectInOrder(services, run))).toBe(own);
  expect(journal).toEqual([...made, "open a", "open b", "shut a"]);
  expect([...services.values()].map(({ lifecycle }) => lifecycle)).toEqual(["stopped", "stopped", "idle"]);
});

test("what closing throws while a start is rolled back is logged, and hides nothing", async () => {
  const { services } = three({
    a: { shut: async () => Promise.reject(new Error("and this")) },
    b: { open: throwOwn },
  });
  const { logger, entries } = logbook();
  expect(await reasonOf(connectInOrder(services, { ...run, logger }))).toBe(own);
  expect(entries).toMatchObject([{ level: "warn", fields: { err: { services: ["a"] } } }]);
});

test("a signal that aborts gives up the service that is connecting, and its reason passes through", async () => {
  const giveUp = new AbortController();
  const { journal, services } = three({
    b: {
      open: async (signal) => {
        giveUp.abort(own);
        await openForever(signal);
      },
    },
  });
  expect(await reasonOf(connectInOrder(services, { ...run, signal: giveUp.signal }))).toBe(own);
  expect(journal).toEqual([...made, "open a", "open b", "shut b", "shut a"]);
});

test("a signal that aborts just as a service has connected still gives the start up", async () => {
  const giveUp = new AbortController();
  const { journal, services } = three({ a: { open: async () => giveUp.abort(own) } });
  expect(await reasonOf(connectInOrder(services, { ...run, signal: giveUp.signal }))).toBe(own);
  expect(journal).toEqual([...made, "open a", "shut a"]);
});

test("one that cannot be closed keeps no other open, and all that failed is told at the end", async () => {
  const second = new TypeError("secret in a message of somebody else's");
  const { journal, services } = three({ c: { shut: throwOwn }, a: { shut: async () => Promise.reject(second) } });
  await connectInOrder(services, run);
  const error: ServiceStopError = await failureOf(closeInReverse(services), isServiceStopError);
  expect(journal.slice(-3)).toEqual(["shut c", "shut b", "shut a"]);
  expect(error).toMatchObject({ code: "stop-failed", services: ["c", "a"], errors: [own, second], cause: own });
  expect(JSON.stringify(error)).not.toContain("secret in a message");
});
