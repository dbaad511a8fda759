import { expect, test } from "vitest";
import { Feed, startPeer, until } from "./peer.ts";

test("a pingMessage that throws is reported each time, and ends neither the heartbeat nor the process", async () => {
  await using peer = await startPeer();
  const broken = new Error("no ping today");
  await using feed = new Feed(peer.url, {
    pingIntervalMs: 5,
    pingTimeoutMs: 60_000,
    pingMessage: () => {
      throw broken;
    },
  });
  await feed.connect();
  await until(() => feed.errors.length >= 2);
  expect(feed.errors[0]).toEqual({ error: broken, from: { consumer: "pingMessage" } });
  expect(feed.state.name).toBe("open");
});
