import { frame, opcode } from "../frames.ts";
import { chop, close, closedByServer, failedByClient, type ImitatedCase, pong, send } from "../imitated-case.ts";

const binaryPayload = Buffer.from([0x00, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0x00, 0xff]);
const longest = Buffer.alloc(125, 0xfe);
const ten = Array.from({ length: 10 }, (_, index) => `payload-${index}`);

const answered = (id: string, description: string, payload: Buffer | string): ImitatedCase => ({
  id,
  description,
  script: [send(frame(opcode.ping, payload))],
  ok: [pong(payload)],
  ending: closedByServer,
});

/** Section 2. */
export const pings: readonly ImitatedCase[] = [
  answered("2.1", "a ping without payload", ""),
  answered("2.2", "a ping with text", "Hello, world!"),
  answered("2.3", "a ping with octets that are no text", binaryPayload),
  answered("2.4", "a ping of 125 octets", longest),
  {
    id: "2.5",
    description: "a ping of 126 octets, which is too long for a control frame",
    script: [send(frame(opcode.ping, Buffer.alloc(126, 0xfe)))],
    ok: [],
    ending: failedByClient(1002),
  },
  {
    id: "2.6",
    description: "a ping of 125 octets, octet by octet",
    script: [chop(1, frame(opcode.ping, longest))],
    ok: [pong(longest)],
    ending: closedByServer,
  },
  {
    id: "2.7",
    description: "a pong that nobody asked for, without payload",
    script: [send(frame(opcode.pong)), close(1000)],
    ok: [],
    ending: closedByServer,
  },
  {
    id: "2.8",
    description: "a pong that nobody asked for",
    script: [send(frame(opcode.pong, "unsolicited pong payload")), close(1000)],
    ok: [],
    ending: closedByServer,
  },
  {
    id: "2.9",
    description: "a pong that nobody asked for, then a ping",
    script: [send(frame(opcode.pong, "unsolicited pong payload"), frame(opcode.ping, "ping payload"))],
    ok: [pong("ping payload")],
    ending: closedByServer,
  },
  {
    id: "2.10",
    description: "ten pings at once: the RFC asks for the last pong alone, Autobahn for all of them",
    script: [send(...ten.map((payload) => frame(opcode.ping, payload)))],
    ok: ten.map(pong),
    ending: closedByServer,
  },
  {
    id: "2.11",
    description: "ten pings, octet by octet",
    script: [chop(1, ...ten.map((payload) => frame(opcode.ping, payload)))],
    ok: ten.map(pong),
    ending: closedByServer,
  },
];
