import { describe, expect, test } from "vitest";
import { ClientFault, ClientFrames } from "./client-frames.ts";
import { utf8Groups } from "./cases/utf8-sequences.ts";
import { corpus } from "./corpus.ts";
import { DeflateContext, negotiate } from "./deflate.ts";
import { closePayload, frame, opcode } from "./frames.ts";
import { closedByServer, failedByClient, type ImitatedCase, text } from "./imitated-case.ts";
import { judge, type CaseRecord } from "./judge.ts";

const one: ImitatedCase = {
  id: "1",
  description: "",
  script: [],
  ok: [text("a")],
  nonStrict: [],
  ending: closedByServer,
};
const good: CaseRecord = {
  seen: [text("a")],
  endedBy: "server",
  clientCode: 1000,
  isClean: true,
  fault: undefined,
};
const behaviourOf = (record: Partial<CaseRecord>, changes: Partial<ImitatedCase> = {}): string =>
  judge({ ...one, ...changes }, { ...good, ...record }).behavior;

describe("a case", () => {
  test("is OK where all is as it should be, and NON-STRICT where the RFC allows it", () => {
    expect(behaviourOf({})).toBe("OK");
    expect(behaviourOf({ clientCode: undefined })).toBe("OK");
    expect(behaviourOf({ seen: [] })).toBe("NON-STRICT");
  });

  test.each<[string, Partial<CaseRecord>]>([
    ["another payload came", { seen: [text("b")] }],
    ["the payload is of another kind", { seen: [{ kind: "binary", payload: Buffer.from("a") }] }],
    ["something came twice", { seen: [text("a"), text("a")] }],
    ["the client closed", { endedBy: "client" }],
    ["nobody closed", { endedBy: "nobody" }],
    ["the Close frame was not answered", { isClean: false }],
    ["the close code is another", { clientCode: 1001 }],
    ["the client broke the RFC", { fault: "a frame is not masked" }],
  ])("has failed where %s", (_what, record) => {
    expect(behaviourOf(record)).toBe("FAILED");
  });

  test("that the client has to fail is OK with the code or without a Close frame, and not with another code", () => {
    const ending = failedByClient(1007);

    expect(behaviourOf({ endedBy: "client", clientCode: 1007 }, { ending })).toBe("OK");
    expect(behaviourOf({ endedBy: "client", clientCode: undefined, isClean: false }, { ending })).toBe("OK");
    expect(behaviourOf({ endedBy: "client", clientCode: 1002 }, { ending })).toBe("FAILED");
    expect(behaviourOf({}, { ending })).toBe("FAILED");
  });

  test("that is informational is not judged, unless the client broke the RFC", () => {
    expect(behaviourOf({ seen: [], endedBy: "nobody" }, { isInformational: true })).toBe("INFORMATIONAL");
    expect(behaviourOf({ fault: "opcode 3" }, { isInformational: true })).toBe("FAILED");
  });
});

/** A frame as a client sends it. */
function masked(bytes: Buffer): Buffer {
  const headBytes = (bytes[1] ?? 0) < 126 ? 2 : 4;
  const mask = Buffer.from([1, 2, 3, 4]);
  const body = Buffer.from(bytes.subarray(headBytes).map((octet, index) => octet ^ (mask[index % 4] ?? 0)));
  const head = Buffer.from(bytes.subarray(0, headBytes));
  head[1] = (head[1] ?? 0) | 0x80;
  return Buffer.concat([head, mask, body]);
}

describe("permessage-deflate", () => {
  const plain = { clientNoContextTakeover: false, clientMaxWindowBits: undefined };
  const narrow = { clientNoContextTakeover: true, clientMaxWindowBits: 8 };

  test("keeps the window from one message to the next, so that the second of two alike is small", () => {
    const [sender, reader] = [new DeflateContext(), new DeflateContext()];
    const payload = Buffer.from(Array.from({ length: 1_000 }, (_, index) => (index * 7_919) % 251));
    const [first, second] = [sender.deflate(payload), sender.deflate(payload)];

    expect(second.length).toBeLessThan(first.length / 5);
    expect([reader.inflate(first), reader.inflate(second)]).toEqual([payload, payload]);
    expect(() => new DeflateContext().inflate(second)).toThrow("invalid distance");
  });

  test("is negotiated as the client's offer allows", () => {
    const headerOf = (offers: string, ...answers: Parameters<typeof negotiate>[1]): string | undefined =>
      negotiate(offers, answers)?.header;

    expect(headerOf("permessage-deflate", plain)).toBe("permessage-deflate");
    expect(headerOf("x, permessage-deflate; client_max_window_bits", narrow)).toBe(
      "permessage-deflate; client_no_context_takeover; client_max_window_bits=8",
    );
    expect(headerOf("permessage-deflate", narrow, plain)).toBe("permessage-deflate");
    expect(headerOf("permessage-deflate", narrow)).toBeUndefined();
    expect(headerOf("permessage-deflate; server_no_context_takeover", plain)).toBeUndefined();
    expect(headerOf("", plain)).toBeUndefined();
  });

  test("is read where it was negotiated, and refused where it was not", () => {
    const said = Buffer.from("a text that is long enough");
    const bytes = masked(frame(opcode.text, new DeflateContext().deflate(said), { rsv: 4 }));

    expect(new ClientFrames(new DeflateContext()).push(bytes)).toEqual([{ kind: "text", payload: said }]);
    expect(() => new ClientFrames().push(bytes)).toThrow("a reserved bit is set");
    const broken = masked(frame(opcode.text, Buffer.from([0xff, 0xff]), { rsv: 4 }));
    expect(() => new ClientFrames(new DeflateContext()).push(broken)).toThrow("cannot be read");
  });
});

test("each case has a number of its own", () => {
  expect(new Set(corpus.map(({ id }) => id)).size).toBe(corpus.length);
});

test("the sequences of octets are valid where they say so", () => {
  const isUtf8 = (octets: string): boolean => {
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(octets, "hex"));
      return true;
    } catch {
      return false;
    }
  };
  const wrong = utf8Groups.flatMap(({ sequences }) => sequences.filter((s) => isUtf8(s.octets) !== s.isValid));

  expect(wrong).toEqual([]);
});

describe("the frames of a client", () => {
  test.each([1, 3, 1000])("are read in pieces of %i octets, and fragments are joined", (octets) => {
    const all = Buffer.concat(
      [
        frame(opcode.text, "a", { fin: false }),
        frame(opcode.ping, "p"),
        frame(opcode.continuation, "b"),
        frame(opcode.binary, Buffer.alloc(300, 7)),
        frame(opcode.close, closePayload(1000)),
      ].map(masked),
    );
    const frames = new ClientFrames();
    const messages = [];
    for (let at = 0; at < all.length; at += octets) messages.push(...frames.push(all.subarray(at, at + octets)));

    expect(messages.map(({ kind, payload }) => [kind, payload.length])).toEqual([
      ["ping", 1],
      ["text", 2],
      ["binary", 300],
      ["close", 2],
    ]);
    expect(messages[1]?.payload.toString()).toBe("ab");
  });

  test.each([
    ["is not masked", frame(opcode.text, "a")],
    ["has a reserved bit", masked(frame(opcode.text, "a", { rsv: 4 }))],
    ["has an unknown opcode", masked(frame(5, "a"))],
    ["continues nothing", masked(frame(opcode.continuation, "a"))],
    ["is a fragmented ping", masked(frame(opcode.ping, "a", { fin: false }))],
    ["is a ping of 126 octets", masked(frame(opcode.ping, Buffer.alloc(126)))],
  ])("are refused where one %s", (_what, bytes) => {
    expect(() => new ClientFrames().push(bytes)).toThrow(ClientFault);
  });
});
