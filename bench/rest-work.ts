import { jsonOfSize } from "./canned-answers.ts";
import type { Named, Run } from "./suite.ts";

/** What every client of the suite does: one call after the other, each to the parsed JSON. */
export interface RestWork {
  readonly method: "GET" | "POST";
  /** Of the server, without a slash at the end. */
  readonly origin: string;
  readonly path: string;
  /** Sent as JSON, and made into text anew by each call; undefined for GET. */
  readonly json: unknown;
  /** Calls under way at the same time, and so the connections that a client is given. */
  readonly concurrency: number;
}

/** One kind of call, so many at a time. */
export interface RestWorkload extends Named {
  readonly method: "GET" | "POST";
  /** Of the answer's JSON. */
  readonly bytes: number;
  readonly concurrency: number;
  readonly isTLS: boolean;
}

const kinds = [
  { name: "get-200B", text: "GET, 200 B of JSON", method: "GET", bytes: 200, most: 512 },
  { name: "get-10KB", text: "GET, 10 KB of JSON", method: "GET", bytes: 10_240, most: 512 },
  // With 512 at a time, half a gigabyte of answers would wait to be parsed: that is a measurement of the memory.
  { name: "get-1MB", text: "GET, 1 MB of JSON", method: "GET", bytes: 1_048_576, most: 64 },
  { name: "post-1KB", text: "POST of 1 KB, 200 B back", method: "POST", bytes: 200, most: 512 },
] as const;

const workloadsOf = (isTLS: boolean): readonly RestWorkload[] =>
  kinds.flatMap(({ name, text, method, bytes, most }) =>
    [1, 10, 64, 512]
      .filter((concurrency) => concurrency <= most)
      .map((concurrency) => ({
        id: `${isTLS ? "tls-" : ""}${name}@${concurrency}`,
        about: `${text}${isTLS ? ", over TLS" : ""}; ${concurrency === 1 ? "one call" : `${concurrency} calls`} at a time.`,
        method,
        bytes,
        concurrency,
        isTLS,
      })),
  );

export const restWorkloads: readonly RestWorkload[] = [...workloadsOf(false), ...workloadsOf(true)];

/** What a client is to do, and what each of its calls answers. */
export function workOf(
  { method, bytes, concurrency, isTLS }: RestWorkload,
  run: Run,
): { readonly work: RestWork; readonly expected: unknown } {
  const origin = isTLS ? run.tls?.origin : run.origin;
  if (origin === undefined) throw new RangeError("this server does not speak TLS");
  const json: unknown = method === "GET" ? undefined : JSON.parse(jsonOfSize(1_024));
  return {
    work: { method, origin, path: `/json/${bytes}`, json, concurrency },
    expected: JSON.parse(jsonOfSize(bytes)),
  };
}
