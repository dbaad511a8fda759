import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect, onTestFinished, test } from "vitest";
import { Departures } from "../../../src/websocket/send/departures.ts";
import type { SendTerms, Sink } from "../../../src/websocket/send/outgoing.ts";
import { Traffic } from "../../../src/websocket/traffic.ts";

const socket: Sink = { isWritable: true, unsentBytes: 0, send: () => undefined };
const flowing: Sink = { ...socket };

function departures(send: (message: unknown, encoded: unknown, terms: SendTerms) => Promise<void>) {
  const traffic = new Traffic();
  const told: unknown[] = [];
  const listen = (event: unknown): void => void told.push(event);
  subscribe("hawser:stream:message", listen);
  onTestFinished(() => void unsubscribe("hawser:stream:message", listen));
  const settings = { name: "feed", maxPayloadBytes: 100, codec: undefined };
  const generationOf = (sink: Sink): number => (sink === socket ? 2 : 1);
  const way: Departures<unknown> = new Departures({
    settings,
    // As the outbox does.
    outbox: {
      send: async (message, encoded, one) => {
        await send(message, encoded, one);
        way.written(encoded, one.setupFor ?? flowing);
      },
    },
    traffic,
    generationOf,
  });
  return { traffic, told, way };
}

test("a message counts once it is with the kernel, and is told of with its connection", () => {
  const { traffic, told, way } = departures(() => Promise.resolve());
  way.written({ bytes: 5 }, flowing);
  expect([traffic.messagesOut, traffic.bytesOut]).toEqual([1, 5]);
  expect(told).toEqual([{ service: "feed", generation: 1, direction: "out", bytes: 5 }]);
});

test("what prepares a connection goes out over that one alone, without a limit of its own", async () => {
  const given: SendTerms[] = [];
  const { told, way } = departures(async (_message, _encoded, one) => void given.push(one));
  const { signal } = new AbortController();
  await way.sendAsSetup({ op: "resume" }, socket, signal);
  expect(given).toEqual([{ limitMs: Number.POSITIVE_INFINITY, limit: "send", signals: [signal], setupFor: socket }]);
  expect(told).toEqual([{ service: "feed", generation: 2, direction: "out", bytes: 15 }]);
});

test("what cannot be encoded is refused before it is queued", async () => {
  const { way } = departures(() => Promise.reject(new Error("it was queued")));
  const refused = way.sendAsSetup(1n, socket, new AbortController().signal);
  await expect(refused).rejects.toMatchObject({ code: "configuration-invalid" });
});
