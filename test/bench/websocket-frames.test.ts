import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { clientFrameBytes, payloadOf, payloads, serverFrame, upgradeAnswer } from "../../bench/websocket-frames.ts";

test.each([...payloads.keys()])("ws takes the upgrade and the frame of %s, and sends as many bytes", async (name) => {
  const payload = payloadOf(name);
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/sink/x`, {
    perMessageDeflate: false,
  });
  const [socket] = (await once(server, "connection")) as [Socket];
  const [request] = (await once(socket, "data")) as [Buffer];
  const { path, answer } = upgradeAnswer(request.toString("latin1")) ?? { path: "", answer: "" };
  expect(path).toBe("/sink/x");
  const received = once(client, "message");
  socket.write(Buffer.concat([Buffer.from(answer), serverFrame(payload)]));
  const [data, isBinary] = (await received) as [Buffer, boolean];
  expect(isBinary ? new Uint8Array(data) : data.toString()).toEqual(payload);

  let bytes = 0;
  socket.on("data", (chunk) => (bytes += chunk.length));
  // The Close frame has no content: a head, and the mask.
  const ended = once(socket, "end");
  client.send(payload);
  client.close();
  socket.end(Buffer.from([0x88, 0]));
  await ended;
  expect(bytes).toBe(clientFrameBytes(payload) + 6);
  client.terminate();
  server.close();
});

test("a name that is no payload's is refused", () => {
  expect(() => payloadOf("text-33B")).toThrow(RangeError);
});

test("an upgrade is answered once its head is whole, with the key's own answer", () => {
  const head = "GET /flood/x HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  expect(upgradeAnswer(head)).toBeUndefined();
  // The example of RFC 6455, section 1.3.
  const { path, answer } = upgradeAnswer(`${head}\r\n`) ?? {};
  expect(path).toBe("/flood/x");
  expect(answer).toContain("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
  expect(answer?.endsWith("\r\n\r\n")).toBe(true);
});
