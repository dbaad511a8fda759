/**
 * A WebSocket service client that subscribes, keeps what it hears, and ends.
 *
 * Wants REALTIME_WS_URL and REALTIME_WS_KEY.
 */
import { defineServices, WebSocketService, ws } from "hawser";
import { z } from "zod";

const Tick = z.object({ type: z.literal("tick"), seq: z.number(), symbol: z.string(), price: z.number() });
type Tick = z.infer<typeof Tick>;

export class RealtimeDataService extends WebSocketService {
  readonly ticks: Tick[] = [];

  // Called after every connect, so that a reconnect subscribes anew, from where it was.
  protected override async onConnect() {
    await this.sendJson({ action: "subscribe", channels: ["prices"], after: this.ticks.at(-1)?.seq ?? 0 });
  }

  protected override onDisconnect({ willReconnect }: { willReconnect: boolean }) {
    console.log(willReconnect ? "disconnected, reconnecting" : "disconnected");
  }

  protected override onMessage(message: string | Uint8Array) {
    const tick = Tick.safeParse(JSON.parse(String(message)));
    if (tick.success) this.ticks.push(tick.data);
  }
}

const services = defineServices({ realtimeWs: ws(RealtimeDataService, { endpoint: "/stream" }) });
await services.start();

const realtime = services.get("realtimeWs");
let heard = 0;
for await (const message of realtime.messages()) {
  if (Tick.safeParse(JSON.parse(String(message))).success) heard += 1;
  if (heard === 10) break;
}
console.log(`heard ${heard} ticks, the stream is ${realtime.state.name}`);

await services.stop();
