import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { deadlineMs, type FeedMessage, type SoakServices, streamLimitMs } from "./services.ts";

/** What a deed has to do its work. */
export interface DeedContext {
  readonly services: SoakServices;
  readonly signal: AbortSignal;
  /** Another one for each. */
  readonly number: number;
  /** For what is downloaded. */
  readonly folder: string;
}

/** One thing that applications do, from its beginning to its end. */
export interface Deed {
  readonly kind: string;
  /** How often, beside the others. */
  readonly weight: number;
  /** In milliseconds; longer it must not take, whatever the far side does. */
  readonly limitMs: number;
  readonly run: (context: DeedContext) => Promise<unknown>;
}

const upload = Buffer.alloc(8 * 1_024, "a line of what is uploaded\n");

async function* pieces(): AsyncGenerator<Uint8Array> {
  for (let piece = 0; piece < 8; piece++) yield upload;
}

/** Each with the ways that it takes through the library. */
export const deeds: readonly Deed[] = [
  {
    // Few different ones, so that many are coalesced.
    kind: "get",
    weight: 30,
    limitMs: deadlineMs,
    run: ({ services, number, signal }) => services.catalog.getJson("/item", { params: { id: number % 3 }, signal }),
  },
  {
    kind: "post with a key",
    weight: 20,
    limitMs: deadlineMs,
    run: ({ services, number, signal }) => services.payments.postJson("/payments", { json: { number }, signal }),
  },
  {
    kind: "post without a key",
    weight: 6,
    limitMs: deadlineMs,
    run: ({ services, number, signal }) => services.files.postJson("/notes", { json: { number }, signal }),
  },
  {
    kind: "upload",
    weight: 4,
    limitMs: deadlineMs,
    run: ({ services, signal }) => services.files.put("/upload", { stream: pieces, signal }),
  },
  {
    kind: "read a stream",
    weight: 4,
    limitMs: deadlineMs,
    run: async ({ services, number, signal }) => {
      await using answer = await services.files.stream("/file", { signal });
      // Some leave when they have what they want.
      for await (const piece of answer.body) if (number % 3 === 0 && piece.byteLength > 0) break;
    },
  },
  {
    kind: "download to a file",
    weight: 2,
    limitMs: deadlineMs,
    run: async ({ services, number, folder, signal }) => {
      const to = join(folder, `file-${number}`);
      await services.files.download("/file", { to, signal, reconnect: { baseDelayMs: 50 } });
      await rm(to);
    },
  },
  {
    kind: "download to a stream",
    weight: 2,
    limitMs: deadlineMs,
    run: ({ services, signal }) => services.files.download("/file", { to: createWriteStream("/dev/null"), signal }),
  },
  {
    kind: "events",
    weight: 2,
    limitMs: deadlineMs,
    run: async ({ services, signal }) => {
      const isLast = ({ id }: { readonly id: string }): boolean => id === "9";
      const reconnect = { baseDelayMs: 50 };
      const events = services.files.events("/events", { signal, deadlineMs, reconnect, shouldEnd: isLast });
      for await (const { data } of events) JSON.parse(data);
    },
  },
  {
    kind: "deadline",
    weight: 3,
    limitMs: 300,
    run: ({ services, number, signal }) =>
      services.payments.getJson(number % 2 === 0 ? "/silent" : "/item", { deadlineMs: 300, signal }),
  },
  {
    kind: "ask over a stream",
    weight: 10,
    limitMs: streamLimitMs,
    run: ({ services, number, signal }) =>
      services.feed.request({ ask: number }, { match: ({ answer }) => answer === number, signal }),
  },
  {
    kind: "send over a stream",
    weight: 10,
    limitMs: streamLimitMs,
    run: ({ services, number, signal }) => services.ticker.send({ note: number }, { signal }),
  },
  {
    kind: "subscribe and leave",
    weight: 3,
    // To subscribe, to read, and to unsubscribe.
    limitMs: 3 * streamLimitMs,
    run: async ({ services: { feed }, number, signal }) => {
      const key = `key-${number}`;
      const first = Promise.withResolvers<FeedMessage>();
      await using subscription = await feed.subscribe(key, first.resolve, { signal });
      await feed.once((message) => message.key === subscription.key, { signal, timeoutMs: streamLimitMs });
      await first.promise;
    },
  },
  {
    kind: "read messages",
    weight: 3,
    limitMs: streamLimitMs,
    run: async ({ services: { ticker }, signal }) => {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(streamLimitMs)]);
      let left = 3;
      for await (const { key } of ticker.messages({ signal: limit })) if (key !== undefined && --left === 0) break;
    },
  },
  {
    kind: "health",
    weight: 1,
    limitMs: 5_000,
    run: ({ services: { feed }, signal }) => feed.checkHealth({ signal }),
  },
];

/** One of them, the more often the more it weighs. @param draw - from 0 to below 1. */
export function deedFor(draw: number): Deed {
  let left = draw * deeds.reduce((sum, { weight }) => sum + weight, 0);
  for (const deed of deeds) {
    left -= deed.weight;
    if (left < 0) return deed;
  }
  throw new RangeError(`draws are from 0 to below 1, and not ${draw}`);
}
