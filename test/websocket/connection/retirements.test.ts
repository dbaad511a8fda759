import { expect, test } from "vitest";
import type { ExternalServiceError } from "../../../src/core/errors.ts";
import { LiveConnection } from "../../../src/websocket/connection/live-connection.ts";
import { Retirements } from "../../../src/websocket/connection/retirements.ts";
import { settled, VirtualClock } from "../../support/virtual-clock.ts";
import { FakeSocket, lost } from "../shell-under-test.ts";

function setUp() {
  const clock = new VirtualClock();
  const over: [generation: number, error: ExternalServiceError | undefined][] = [];
  const retirements = new Retirements(clock, 5_000, ({ generation }, error) => void over.push([generation, error]));
  const retire = (generation: number) => {
    const connection = new LiveConnection(generation, 0);
    const socket = new FakeSocket();
    connection.socket = socket;
    connection.setPaused(true, 0);
    socket.did.length = 0;
    const free = Promise.withResolvers<void>();
    retirements.add(connection, free.promise);
    return { connection, socket, free };
  };
  return { clock, over, retirements, retire };
}

test("a connection that owes something is read on, and closed when it is free", async () => {
  const { over, retire } = setUp();
  const { socket, free } = retire(1);
  await settled();
  expect(socket.did).toEqual(["resume"]);
  free.resolve();
  await settled();
  expect([socket.did, over]).toEqual([["resume", "close"], []]);
});

test("what is still owed at the limit is given up, and the connection is closed all the same", async () => {
  const { clock, over, retire, retirements } = setUp();
  const { connection, socket } = retire(1);
  await clock.advance(4_999);
  expect(over).toEqual([]);
  await clock.advance(1);
  expect([socket.did, over]).toEqual([["resume", "close"], [[1, undefined]]]);
  retirements.end(connection, lost);
  expect([socket.did.at(-1), over.length, clock.timers]).toEqual(["destroy", 1, 0]);
});

test("a peer that does not answer the Close frame is destroyed within the limit", async () => {
  for (const isFree of [true, false]) {
    const { clock, over, retire, retirements } = setUp();
    const { connection, socket, free } = retire(1);
    if (isFree) free.resolve();
    await clock.advance(isFree ? 5_000 : 10_000);
    expect([socket.did, over]).toEqual([["resume", "close", "destroy"], [[1, undefined]]]);
    expect([retirements.has(connection), clock.timers]).toEqual([false, 0]);
  }
});

test("one that breaks is over with its error, once", async () => {
  const { clock, over, retire, retirements } = setUp();
  const { connection, socket, free } = retire(1);
  expect(retirements.has(connection)).toBe(true);
  retirements.end(connection, lost);
  retirements.end(connection, undefined);
  free.resolve();
  await settled();
  expect([over, socket.did, clock.timers]).toEqual([[[1, lost]], ["resume", "destroy"], 0]);
});

test("at the end of the stream all are destroyed", () => {
  const { clock, over, retire, retirements } = setUp();
  const sockets = [retire(1).socket, retire(2).socket];
  retirements.endAll();
  expect(over).toEqual([
    [1, undefined],
    [2, undefined],
  ]);
  expect([sockets.map(({ did }) => did.at(-1)), clock.timers]).toEqual([["destroy", "destroy"], 0]);
});
