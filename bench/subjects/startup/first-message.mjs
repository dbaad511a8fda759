// What a program does that follows one stream: each loads its client, and has a function that goes from there to the
// first message.
const clients = {
  ws: async (url) => {
    const { WebSocket } = await import("ws");
    return (take) => {
      new WebSocket(url, { perMessageDeflate: false }).on("message", take);
    };
  },
  hawser: async (url) => {
    const { WebSocketService } = await import("hawser");
    return async (take) => {
      class Feed extends WebSocketService {
        onMessage(message) {
          take(message);
        }
      }
      await new Feed({ name: "feed", baseUrl: url }).connect();
    };
  },
  partysocket: async (url) => {
    const [{ WebSocket: PartySocket }, { WebSocket }] = [await import("partysocket"), await import("ws")];
    return (take) => {
      new PartySocket(url, [], { WebSocket }).addEventListener("message", ({ data }) => take(data));
    };
  },
  WebSocket: async (url) => (take) => {
    new WebSocket(url).addEventListener("message", ({ data }) => take(data));
  },
};

/** From nothing to the first message, which is JSON. */
export async function work(client, url) {
  const follow = await clients[client](url);
  const loadedAt = performance.now();
  const text = await new Promise((resolve, reject) => {
    Promise.resolve(follow(resolve)).catch(reject);
  });
  return { loadedAt, answer: JSON.parse(String(text)) };
}
