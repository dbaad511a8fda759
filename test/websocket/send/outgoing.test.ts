import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Outgoing, OutgoingLine, type SendTerms } from "../../../src/websocket/send/outgoing.ts";

const terms: SendTerms = { limitMs: 1, limit: "send", signals: [], setupFor: undefined };

const outgoing = (bytes: number): Outgoing =>
  new Outgoing(
    { expired: () => undefined, dropped: () => undefined },
    { message: bytes, data: "", bytes },
    terms,
    1,
    () => undefined,
    () => undefined,
  );

function listOf(line: OutgoingLine): number[] {
  const list: number[] = [];
  for (let entry = line.first; entry !== undefined; entry = entry.after) list.push(entry.bytes);
  return list;
}

test("property: two lines keep order, size and bytes as arrays would, whoever joins, changes over or leaves", () => {
  const step = fc.record({ entry: fc.nat({ max: 5 }), to: fc.constantFrom(0, 1, undefined) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const entries = Array.from({ length: 6 }, (_, bytes) => outgoing(bytes));
      const lines = [new OutgoingLine(), new OutgoingLine()];
      let lists: number[][] = [[], []];
      for (const { entry: index, to } of steps) {
        const entry = entries[index];
        if (entry === undefined) continue;
        lists = lists.map((list) => list.filter((each) => each !== index));
        if (to === undefined) entry.line?.leave(entry);
        else {
          lines[to]?.join(entry);
          lists[to]?.push(index);
        }
        expect(lines.map(listOf)).toEqual(lists);
        expect(lines.map(({ size, bytes }) => [size, bytes])).toEqual(
          lists.map((list) => [list.length, list.reduce((sum, bytes) => sum + bytes, 0)]),
        );
        expect(entry.line).toBe(to === undefined ? undefined : lines[to]);
      }
    }),
  );
});
