import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server, type Socket } from "socket.io";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { connected, eventMessages, eventName, opening } from "../../bench/socket-io-packets.ts";
import { isJson, type Payload, payloadOf, payloads } from "../../bench/websocket-frames.ts";

/** The messages of a WebSocket, one after the other. */
class Messages {
  readonly #ws: WebSocket;
  readonly #come: Payload[] = [];

  constructor(ws: WebSocket) {
    this.#ws = ws;
    ws.on("message", (raw: Buffer, isBinary: boolean) => {
      this.#come.push(isBinary ? new Uint8Array(raw) : raw.toString());
    });
  }

  async next(): Promise<Payload> {
    while (this.#come.length === 0) await once(this.#ws, "message");
    return this.#come.shift() ?? "";
  }
}

test("the real server of socket.io sends and takes the same packets", async () => {
  const http = createServer();
  const io = new Server(http, { transports: ["websocket"] });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  const ws = new WebSocket(`ws://127.0.0.1:${port}/socket.io/?EIO=4&transport=websocket`);
  const messages = new Messages(ws);
  const shape = (packet: Payload): unknown[] => Object.keys(JSON.parse(String(packet).replace(/^\d+/, "")) as object);
  const first = await messages.next();
  expect([String(first)[0], shape(first)]).toEqual([opening[0], shape(opening)]);
  const connection = new Promise<Socket>((resolve) => io.once("connection", resolve));
  ws.send("40");
  const second = await messages.next();
  expect([String(second).slice(0, 2), shape(second)]).toEqual([connected.slice(0, 2), shape(connected)]);
  const socket = await connection;

  for (const name of payloads.keys()) {
    const payload = payloadOf(name);
    const value: unknown = isJson(name) ? JSON.parse(String(payload)) : payload;
    socket.emit(eventName, value);
    for (const message of eventMessages(payload, isJson(name))) expect(await messages.next()).toEqual(message);
    const taken = new Promise<unknown>((resolve) => socket.once(eventName, resolve));
    for (const message of eventMessages(payload, isJson(name))) ws.send(message);
    const got = await taken;
    expect(got instanceof Uint8Array ? new Uint8Array(got) : got).toEqual(value);
  }
  ws.terminate();
  await io.close();
});
