// Closes streams that are at different stages, and must then end by itself; exit.test.ts starts it with their URLs.
import { silentLogger } from "../../../src/core/logger.ts";
import type { StreamState } from "../../../src/websocket/connection/connection-model.ts";
import { WebSocketService } from "../../../src/websocket/websocket-service.ts";

class Feed extends WebSocketService {}

const [openUrl = "", silentUrl = "", dialledUrl = "", refusedUrl = ""] = process.argv.slice(2);
const feeds = [openUrl, silentUrl, dialledUrl, refusedUrl].map(
  (baseUrl) =>
    new Feed({
      baseUrl,
      logger: silentLogger,
      closeTimeoutMs: 200,
      reconnect: { baseDelayMs: 600_000, maxDelayMs: 600_000 },
      startTimeoutMs: 2_000_000,
    }),
);
for (const feed of feeds) feed.connect().catch(() => undefined);

const isAt = ({ name, ...state }: StreamState, wanted: string): boolean =>
  name === wanted || ("step" in state && typeof state.step === "object" && state.step.at === wanted);

const wanted = ["open", "open", "dialing", "waiting"];
while (!feeds.every((feed, index) => isAt(feed.state, wanted[index] ?? ""))) {
  await new Promise<void>((done) => setTimeout(done, 5));
}
await Promise.all(feeds.map(async (feed) => feed.close()));
process.stdout.write(feeds.map(({ state }) => state.name).join(" "));
