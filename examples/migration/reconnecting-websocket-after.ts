import { json, WebSocketService, type WebSocketServiceOptions } from "hawser";
import { z } from "zod";

const Message = z.discriminatedUnion("type", [
  z.object({ type: z.literal("tick"), channel: z.string(), seq: z.number(), price: z.number() }),
  z.object({ type: z.literal("subscribed"), channels: z.array(z.string()) }),
]);
type Message = z.infer<typeof Message>;

export class PriceTicker extends WebSocketService<Message> {
  constructor(options: Omit<WebSocketServiceOptions<Message>, "codec">) {
    super({
      ...options,
      codec: json(Message),
      subscriptions: {
        subscribe: (channels, { positions }) => ({
          action: "subscribe",
          channels,
          after: positions.get(channels[0] ?? ""),
        }),
        confirmedBy: (message) => (message.type === "subscribed" ? message.channels : undefined),
        keyOf: (message) => (message.type === "tick" ? message.channel : undefined),
        maxKeysPerMessage: 1,
      },
      resume: { positionOf: (message) => (message.type === "tick" ? message.seq : undefined) },
    });
  }
}
