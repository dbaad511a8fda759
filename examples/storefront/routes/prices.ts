import type { ServerResponse } from "node:http";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { PriceFeed } from "../clients/price-feed.ts";
import { sendProblem } from "../problems.ts";

/** Who reads so slowly that more than this waits for them is sent away, and may come again. */
const maxUnsentBytes = 64 * 1024;

const StreamQuery = z.object({ ticks: z.coerce.number().int().positive().optional() });

/** `GET /prices` and, as server-sent events, `GET /prices/stream`. */
export function addPriceRoutes(app: FastifyInstance): void {
  const streams = new Set<() => void>();

  app.get("/prices", () => {
    const { lastSeq = null, latest } = app.services.get("realtime");
    return {
      lastSeq,
      prices: Object.fromEntries(latest.map(({ symbol, price, seq, at }) => [symbol, { price, seq, at }])),
    };
  });

  // `?ticks=5` ends after five of them; without it the stream goes on until the reader leaves.
  app.get("/prices/stream", (request, reply) => {
    const query = StreamQuery.safeParse(request.query);
    if (!query.success) {
      return sendProblem(reply, { title: "Bad query", status: 400, detail: "ticks must be a whole number above 0." });
    }
    const feed = app.services.get("realtime");
    reply.hijack();
    reply.raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    reply.raw.flushHeaders();
    const end = streamTicks(feed, reply.raw, query.data.ticks);
    streams.add(end);
    reply.raw.once("close", () => streams.delete(end));
    return reply;
  });

  // Streams have no end of their own: closing would wait for them.
  app.addHook("preClose", (done) => {
    for (const end of streams) end();
    done();
  });
}

/** Sends each tick to one reader, until it leaves, falls behind, has had `limit` of them, or what is returned is called. */
export function streamTicks(
  feed: Pick<PriceFeed, "onTick">,
  reader: Pick<ServerResponse, "write" | "end" | "destroy" | "once" | "writableLength">,
  limit: number = Number.POSITIVE_INFINITY,
): () => void {
  let left = limit;
  const stop = feed.onTick((tick) => {
    if (reader.writableLength > maxUnsentBytes) {
      stop();
      reader.destroy();
      return;
    }
    reader.write(`id: ${tick.seq}\nevent: tick\ndata: ${JSON.stringify(tick)}\n\n`);
    left -= 1;
    if (left === 0) end();
  });
  reader.once("close", stop);
  return end;

  function end(): void {
    // First: a write after the end would be an error, and the reader may take its time to close.
    stop();
    reader.end();
  }
}
