import { expect, test } from "vitest";
import { silentLogger } from "../../../src/core/logger.ts";
import { defineServices } from "../../../src/registry/define.ts";
import { ws } from "../../../src/registry/definition.ts";
import { fakeSockets } from "../../../src/testing/streams/fake-sockets.ts";
import { WebSocketService } from "../../../src/websocket/websocket-service.ts";

class Feed extends WebSocketService {}

test("all streams of a registry are dialled over fake sockets by one default", async () => {
  const services = defineServices({ prices: ws(Feed), trades: ws(Feed) }, { logger: silentLogger });
  using far = fakeSockets({ onSocket: (socket) => void socket.accept() });
  await using scope = services.scope({
    defaults: { ws: { transport: far.transport } },
    env: { PRICES_URL: "wss://prices.example", TRADES_URL: "wss://trades.example" },
  });
  await scope.start();
  expect(new Set(far.sockets.map(({ request }) => request.headers["host"]))).toEqual(
    new Set(["prices.example", "trades.example"]),
  );
  await scope.get("prices").send("hello");
  const prices = far.sockets.find(({ request }) => request.headers["host"] === "prices.example");
  expect(await prices?.nextMessage()).toBe("hello");
});
