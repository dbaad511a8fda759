import { expect, test } from "vitest";
import { currentDeadline, withDeadline } from "../../../src/core/deadline.ts";
import { currentScope, LaneScope } from "../../../src/websocket/receive/lane-scope.ts";
import { settled } from "../../support/virtual-clock.ts";
import { setUp } from "../inbox-under-test.ts";

test("what it runs knows it, after an await too, and nobody else does", async () => {
  const scope = new LaneScope();
  const seen: (LaneScope | undefined)[] = [];
  const work = async (): Promise<void> => {
    seen.push(currentScope());
    await settled();
    seen.push(currentScope());
  };
  await scope.run(work, undefined, undefined, undefined);
  expect([seen, currentScope()]).toEqual([[scope, scope], undefined]);
});

test("within another scope, its own holds", () => {
  const [outer, inner] = [new LaneScope(), new LaneScope()];
  const find = (): LaneScope | undefined => inner.run(currentScope, undefined, undefined, undefined);
  expect(outer.run(find, undefined, undefined, undefined)).toBe(inner);
});

test("it is entered no more for a handler that returns no promise, until it returns one again", () => {
  const scope = new LaneScope();
  const isEntered = (): boolean => scope.run(currentScope, undefined, undefined, undefined) === scope;
  for (let i = 0; i < 7; i++) scope.note(false);
  expect(isEntered()).toBe(true);
  scope.note(false);
  expect(isEntered()).toBe(false);
  scope.note(true);
  expect(isEntered()).toBe(true);
});

test("a handler that is added within withDeadline does not inherit its limits", async () => {
  const { inbox, push } = setUp();
  const seen: unknown[] = [];
  withDeadline({ deadlineMs: 1_000 }, () =>
    inbox.addHandler(
      async () => {
        await settled();
        seen.push(currentDeadline());
      },
      { consumer: "handler" },
    ),
  );
  push("a");
  await settled();
  await settled();
  expect(seen).toEqual([undefined]);
});
