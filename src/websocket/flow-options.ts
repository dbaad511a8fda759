import type { OptionReader } from "../core/options.ts";
import type { InboxLimits } from "./receive/inbox.ts";
import { concurrencyProblems, type KeyedConcurrency } from "./receive/keyed-lane.ts";
import type { OutboxLimits } from "./send/backlog.ts";

const MiB = 1024 * 1024;

// What most streams have is kept once, and not in each of thousands.
const ordinaryInbox: InboxLimits<unknown> = { maxMessages: 1024, maxBytes: 8 * MiB, whenFull: "pause" };
const ordinaryOutbox: OutboxLimits = { maxMessages: 1024, maxBytes: MiB, whenFull: "wait" };

/** permessage-deflate (RFC 7692). */
export interface CompressionOptions {
  /** What is smaller goes out as it is. Bytes. @defaultValue 1024 */
  readonly thresholdBytes?: number | undefined;
}

/** How much waits on either side, and how it is handled. */
export interface FlowSettings<Message> {
  readonly inbox: InboxLimits<Message>;
  readonly concurrency: KeyedConcurrency<Message> | undefined;
  readonly outbox: OutboxLimits;
  readonly compression: false | { readonly thresholdBytes: number };
}

/** Reads `inbox`, `concurrency`, `outbox` and `compression`. */
export function readFlow<Message>(reader: OptionReader): FlowSettings<Message> {
  return {
    inbox: readInbox(reader),
    concurrency: readConcurrency(reader),
    outbox: readOutbox(reader),
    compression: readCompression(reader),
  };
}

function readInbox<Message>(reader: OptionReader): InboxLimits<Message> {
  const nested = reader.nested("inbox");
  if (nested === undefined) return ordinaryInbox;
  const bounds = readBounds(nested, ordinaryInbox);
  const whenFull = nested.oneOf("whenFull", ["pause", "dropOldest", "coalesceByKey"], "pause");
  const keyOf = nested.function<(message: Message) => unknown>("keyOf");
  if (whenFull === "coalesceByKey" && keyOf === undefined && !nested.isGiven("keyOf")) {
    reader.problem("inbox.keyOf is needed for coalesceByKey: a function that gives the key of a message");
  }
  if (whenFull !== "coalesceByKey" && keyOf !== undefined) {
    reader.problem('inbox.keyOf is only for whenFull: "coalesceByKey"');
  }
  nested.rejectUnknown();
  return { ...bounds, whenFull, ...(keyOf === undefined ? {} : { keyOf }) };
}

function readConcurrency<Message>(reader: OptionReader): KeyedConcurrency<Message> | undefined {
  const given = reader.any("concurrency");
  if (given === undefined) return undefined;
  const problems = concurrencyProblems(given);
  for (const problem of problems) reader.problem(problem);
  return problems.length > 0 ? undefined : (given as KeyedConcurrency<Message>);
}

function readOutbox(reader: OptionReader): OutboxLimits {
  const nested = reader.nested("outbox");
  if (nested === undefined) return ordinaryOutbox;
  const bounds = readBounds(nested, ordinaryOutbox);
  const whenFull = nested.oneOf("whenFull", ["wait", "reject", "dropOldest"], "wait");
  nested.rejectUnknown();
  return { ...bounds, whenFull };
}

interface Bounds {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

function readBounds(nested: OptionReader, ordinary: Bounds): Bounds {
  return {
    maxMessages: nested.number("maxMessages", ordinary.maxMessages, { min: 1, whole: true }),
    maxBytes: nested.number("maxBytes", ordinary.maxBytes, { min: 1 }),
  };
}

function readCompression(reader: OptionReader): FlowSettings<unknown>["compression"] {
  const given = reader.any("compression");
  if (given === undefined || given === false) return false;
  if (given === true) return { thresholdBytes: 1024 };
  if (typeof given !== "object") {
    reader.problem("compression must be true, false, or { thresholdBytes }");
    return false;
  }
  const nested = reader.nested("compression");
  const thresholdBytes = nested?.number("thresholdBytes", 1024, { min: 0, whole: true }) ?? 1024;
  nested?.rejectUnknown();
  return { thresholdBytes };
}
