import { constants, deflateRawSync } from "node:zlib";
import { expect, test } from "vitest";
import { dial, frame, startUpgraded } from "./dialled.ts";
import { textFrame, until } from "./peer.ts";

const closeFrame = (code: number): Buffer => frame(8, Buffer.from([code >> 8, code & 0xff]));

/** Of a Close frame of a client: its head, the mask, and the code under it. */
function closeCodeOf(sent: Buffer): number | undefined {
  return sent[0] === 0x88 ? sent.readUInt16BE(6) ^ sent.readUInt16BE(2) : undefined;
}

const deflated = (payload: Uint8Array): Buffer => {
  // Without the empty block that ends a flush, which the receiver adds.
  const whole = deflateRawSync(payload, { finishFlush: constants.Z_SYNC_FLUSH });
  const message = frame(1, whole.subarray(0, -4));
  message[0] = 0xc1;
  return message;
};
const [start, end] = [Buffer.from([0xe2, 0x82]), Buffer.from([0xac])] as const;

test("text that holds U+FFFD itself is a message as any other", async () => {
  await using peer = await startUpgraded((socket) =>
    socket.write(Buffer.concat([frame(1, "a\uFFFDb"), frame(1, "ü")])),
  );
  const { socket, told } = dial(peer.url);
  await until(() => told.includes("ü"));
  expect(told).toContain("a\uFFFDb");
  socket.destroy();
});

test("of what comes after text that is no UTF-8, in its chunk and later, nothing is told, and the peer gets 1007", async () => {
  const fromClient: Buffer[] = [];
  const broken = frame(1, Buffer.from([0x61, 0xff, 0x62]));
  await using peer = await startUpgraded((socket) => {
    socket.write(Buffer.concat([textFrame("a"), broken, textFrame("b"), frame(3, "")]));
    socket.on("data", (chunk: Buffer) => {
      fromClient.push(chunk);
      socket.end(Buffer.concat([textFrame("c"), closeFrame(1007)]));
    });
  });
  const { told, ended } = dial(peer.url);
  expect(await ended).toMatchObject({ kind: "failed", wasOpen: true, error: { code: "WS_ERR_INVALID_UTF8" } });
  expect(told.slice(told.indexOf("opened"))).toEqual(["opened", "a", "ended"]);
  expect(closeCodeOf(Buffer.concat(fromClient))).toBe(1007);
});

test("a character may be cut by the fragments of a message, and a message may be compressed", async () => {
  await using peer = await startUpgraded(
    (socket) => socket.write(Buffer.concat([frame(1, start, false), frame(0, end), deflated(Buffer.from("€€"))])),
    ["sec-websocket-extensions: permessage-deflate; client_no_context_takeover"],
  );
  const { socket, told } = dial(peer.url, { compression: { thresholdBytes: 0 } });
  await until(() => told.includes("€€"));
  expect(told.slice(told.indexOf("opened"))).toEqual(["opened", "€", "€€"]);
  socket.destroy();
});

test.each([
  ["in fragments", Buffer.concat([frame(1, start, false), frame(0, "x")]), false],
  ["in a compressed message", deflated(Buffer.from([0x61, 0xff])), true],
  ["as half of a surrogate pair", frame(1, Buffer.from([0xed, 0xa0, 0x80])), false],
  ["as the reason of a Close frame", frame(8, Buffer.from([0x03, 0xe8, 0x61, 0xff])), false],
])("text that is no UTF-8 ends the connection with 1007 %s", async (_where, message, isCompressed) => {
  const fromClient: Buffer[] = [];
  await using peer = await startUpgraded(
    (socket) => {
      socket.on("data", (chunk: Buffer) => {
        fromClient.push(chunk);
        socket.end(closeFrame(1007));
      });
      socket.write(message);
    },
    isCompressed ? ["sec-websocket-extensions: permessage-deflate; client_no_context_takeover"] : [],
  );
  const { told, ended } = dial(peer.url, isCompressed ? { compression: { thresholdBytes: 0 } } : {});
  expect(await ended).toMatchObject({ kind: "failed", wasOpen: true, error: { code: "WS_ERR_INVALID_UTF8" } });
  expect(told.slice(told.indexOf("opened"))).toEqual(["opened", "ended"]);
  expect(closeCodeOf(Buffer.concat(fromClient))).toBe(1007);
});
