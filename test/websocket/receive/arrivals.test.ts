import { expect, test } from "vitest";
import { Arrivals, type ArrivalParts } from "../../../src/websocket/receive/arrivals.ts";
import { Requests } from "../../../src/websocket/requests/requests.ts";
import { Traffic } from "../../../src/websocket/traffic.ts";
import { settled } from "../../support/virtual-clock.ts";
import { setUp as inboxUnderTest } from "../inbox-under-test.ts";

/** Arrivals of text, of which connection 1 flows, and all that came of them. */
function setUp(changes: Partial<ArrivalParts<string>["settings"]> = {}) {
  const { inbox, clock } = inboxUnderTest({ maxMessages: 100 }, { isFlowing: false });
  const got: string[] = [];
  const errors: [thrown: unknown, from: object][] = [];
  const announced: string[] = [];
  inbox.addHandler((message) => void got.push(message), { consumer: "onMessage" });
  const parts: ArrivalParts<string> = {
    name: { service: "feed", operation: "/stream" },
    traffic: new Traffic(),
    settings: { codec: undefined, dedupe: undefined, announcesEnd: (message) => message === "bye", ...changes },
    requests: new Requests<string>("feed", clock, { onError: () => undefined }),
    subscriptions: undefined,
    sequencer: undefined,
    inbox,
    onEndAnnounced: () => void announced.push("bye"),
    onError: (thrown, from) => void errors.push([thrown, from]),
  };
  const arrivals = new Arrivals<string>(parts);
  const receive = async (generation: number, ...texts: readonly string[]): Promise<void> => {
    for (const text of texts) arrivals.receive(text, text.length, { generation, lastByteAt: clock.now() });
    await settled();
  };
  return { arrivals, parts, inbox, receive, got, errors, announced };
}

test("what comes on the connection that flows is delivered, and counted", async () => {
  const { arrivals, parts, receive, got } = setUp();
  arrivals.flowOver(1);
  await receive(1, "a", "bcd");
  expect(got).toEqual(["a", "bcd"]);
  expect(parts.traffic).toMatchObject({ messagesIn: 2, bytesIn: 4, lastMessageAt: 0 });
});

test("what comes on a connection that is prepared waits until it flows", async () => {
  const { arrivals, inbox, receive, got } = setUp();
  arrivals.flowOver(1);
  inbox.hold(2);
  await receive(2, "b");
  await receive(1, "a");
  arrivals.flowOver(2);
  await receive(2, "c");
  expect(got).toEqual(["a", "b", "c"]);
});

test("an answer on a connection that another has replaced is for its request, all else for nobody", async () => {
  const { arrivals, parts, receive, got } = setUp();
  arrivals.flowOver(1);
  const terms = { limitMs: 1_000, limit: "answer", signals: [], operation: "request" } as const;
  const pending = parts.requests.begin((message) => message === "answer", terms);
  pending.handed(1);
  arrivals.flowOver(2);
  await receive(1, "late", "answer");
  expect([await pending.promise, got]).toEqual(["answer", []]);
});

test("the end that a connection announces is its own: one that another has replaced, or may replace it, ends nothing", async () => {
  const { arrivals, inbox, receive, announced } = setUp();
  arrivals.flowOver(2);
  await receive(1, "bye");
  inbox.hold(3);
  await receive(3, "bye");
  expect(announced).toEqual([]);
  arrivals.flowOver(3);
  expect(announced).toEqual(["bye"]);
  await receive(3, "bye");
  expect(announced).toEqual(["bye", "bye"]);
});

test("a message that announces the end is a message like any other, also where the asking throws", async () => {
  const broken = new Error("no");
  const { arrivals, receive, got, errors } = setUp({
    announcesEnd: () => {
      throw broken;
    },
  });
  arrivals.flowOver(1);
  await receive(1, "bye");
  expect([got, errors]).toEqual([["bye"], [[broken, { consumer: "inbox" }]]]);
});

test("what the codec refuses goes to onError and to no handler, and the next message is read", async () => {
  const { arrivals, parts, receive, got, errors } = setUp({
    codec: {
      encode: String,
      decode: (data) => {
        if (data === "bad") throw new Error("bad");
        return String(data);
      },
    },
  });
  arrivals.flowOver(1);
  await receive(1, "bad", "good");
  expect([got, parts.traffic.undecodable]).toEqual([["good"], 1]);
  expect(errors).toMatchObject([[{ code: "decode-encoding" }, { consumer: "codec" }]]);
});

test("an id that has come is dropped; a message without one, or whose id cannot be told, is not", async () => {
  const broken = new Error("no id");
  const idOf = (message: string): string | undefined => {
    if (message === "?") throw broken;
    return message === "-" ? undefined : message;
  };
  const { arrivals, parts, receive, got, errors } = setUp({ dedupe: { idOf, maxIds: 10 } });
  arrivals.flowOver(1);
  await receive(1, "a", "-", "a", "-", "?");
  expect([got, parts.traffic.duplicates]).toEqual([["a", "-", "-", "?"], 1]);
  expect(errors).toEqual([[broken, { consumer: "inbox" }]]);
});

test("the id of a message that was kept, of a connection that came to nothing, is not known", async () => {
  const { arrivals, inbox, receive, got } = setUp({ dedupe: { idOf: (message) => message, maxIds: 10 } });
  arrivals.flowOver(1);
  inbox.hold(2);
  await receive(2, "a");
  inbox.forget(2);
  await receive(1, "a");
  expect(got).toEqual(["a"]);
});

test("a duplicate that the sequencer lets through counts as handled", async () => {
  const { arrivals, receive, got } = setUp({ dedupe: { idOf: (message) => message, maxIds: 10 } });
  arrivals.flowOver(1);
  await receive(1, "a");
  let handled = 0;
  arrivals.deliver({ message: "a", bytes: 1 }, () => handled++);
  arrivals.deliver({ message: "b", bytes: 1 }, () => handled++);
  await settled();
  expect([got, handled]).toEqual([["a", "b"], 2]);
});
