import { expect, test } from "vitest";
import { positionReader } from "../../../src/websocket/resume/position-reader.ts";

function reader(positionOf: (message: unknown) => unknown) {
  const errors: unknown[] = [];
  // What a program written without types may give.
  const read = positionReader<unknown>("feed", positionOf as () => number, (thrown) => errors.push(thrown));
  return { read, errors };
}

test("positionOf is told the connection", () => {
  const read = positionReader<number>(
    "feed",
    (offset, { connection }) => ({ epoch: connection, offset }),
    () => undefined,
  );
  expect(read(7, 3)).toEqual({ epoch: 3, offset: 7 });
});

test("undefined is no position and no error", () => {
  const { read, errors } = reader(() => undefined);
  expect([read({}, 1), errors]).toEqual([undefined, []]);
});

test("what positionOf throws is told as it is", () => {
  const own = new Error("no seq");
  const { read, errors } = reader(() => {
    throw own;
  });
  expect([read({}, 1), errors]).toEqual([undefined, [own]]);
});

test.each([[Number.NaN], [null], ["seq".slice(3)], [{ offset: 1 }], [2 ** 60]])(
  "%j is told as a mistake of the program",
  (given) => {
    const { read, errors } = reader(() => given);
    expect([read({}, 1), errors]).toMatchObject([undefined, [{ code: "configuration-invalid", service: "feed" }]]);
  },
);
