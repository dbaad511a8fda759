import { ServiceConfigurationError } from "../core/errors.ts";
import { OptionReader } from "../core/options.ts";

/** How the pieces of a streamed answer come. */
export interface PiecesOptions {
  /** Between one piece and the next, and before the first, on the clock of the mock. @defaultValue 0 */
  readonly everyMs?: number | undefined;
  /** Does not end after the last piece: the client leaves, or a limit of its own ends it. @defaultValue false */
  readonly staysOpen?: boolean | undefined;
}

/** An event of a stream of server-sent events. */
export interface MockEvent {
  /** Text as it is, anything else as JSON. */
  readonly data: unknown;
  readonly event?: string | undefined;
  readonly id?: string | undefined;
  /** How long the client is to wait before it connects again. */
  readonly retryMs?: number | undefined;
}

/** A body that comes in pieces, the same for every answer. */
export class Pieces {
  readonly contentType: string;
  readonly pieces: readonly Uint8Array[];
  readonly everyMs: number;
  readonly staysOpen: boolean;

  constructor(maker: string, contentType: string, pieces: readonly (string | Uint8Array)[], options: PiecesOptions) {
    const reader = new OptionReader(maker, options);
    this.contentType = contentType;
    this.pieces = pieces.map((piece) => (typeof piece === "string" ? Buffer.from(piece) : piece));
    this.everyMs = reader.number("everyMs", 0, { min: 0 });
    this.staysOpen = reader.boolean("staysOpen", false);
    reader.finish();
  }
}

/**
 * Server-sent events as the body of an answer, one piece each: `reply(200, sse([{ data: { price: 1 } }]))`.
 *
 * @throws ServiceConfigurationError for options that are wrong, and for an event or id with a line break.
 */
export function sse(events: readonly MockEvent[], options: PiecesOptions = {}): Pieces {
  const problems: string[] = [];
  const pieces = listOf("sse", events).map((one, index) => {
    const { event, id, retryMs, data } = one;
    for (const [name, value] of Object.entries({ event, id })) {
      if (value !== undefined && /[\r\n\0]/.test(value)) problems.push(`events[${index}].${name} must be one line`);
    }
    const text = typeof data === "string" ? data : JSON.stringify(data);
    if (text === undefined) problems.push(`events[${index}].data must be text or a value that JSON has`);
    return [
      ...(event === undefined ? [] : [`event: ${event}`]),
      ...(id === undefined ? [] : [`id: ${id}`]),
      ...(retryMs === undefined ? [] : [`retry: ${retryMs}`]),
      ...(text ?? "").split(/\r\n|\r|\n/).map((line) => `data: ${line}`),
      "\n",
    ].join("\n");
  });
  if (problems.length > 0) throw new ServiceConfigurationError("sse", problems);
  return new Pieces("sse", "text/event-stream", pieces, options);
}

/**
 * Lines of JSON (NDJSON) as the body of an answer, one piece each: `reply(200, ndjson([{ id: 1 }, { id: 2 }]))`.
 *
 * @throws ServiceConfigurationError
 */
export function ndjson(values: readonly unknown[], options: PiecesOptions = {}): Pieces {
  const lines = listOf("ndjson", values).map((value) => `${JSON.stringify(value)}\n`);
  return new Pieces("ndjson", "application/x-ndjson", lines, options);
}

/**
 * A body in these pieces, each of which is sent by itself: what a slow service sends, or one that breaks a line, a
 * character or a value in two.
 *
 * @throws ServiceConfigurationError
 */
export function inPieces(
  pieces: readonly (string | Uint8Array)[],
  options: PiecesOptions & {
    /** @defaultValue "application/octet-stream" */
    readonly contentType?: string | undefined;
  } = {},
): Pieces {
  const { contentType = "application/octet-stream", ...others } = options;
  const isFit = listOf("inPieces", pieces).every((piece) => typeof piece === "string" || piece instanceof Uint8Array);
  if (!isFit) throw new ServiceConfigurationError("inPieces", ["pieces must be strings or Uint8Arrays"]);
  return new Pieces("inPieces", contentType, pieces, others);
}

function listOf<T>(maker: string, list: readonly T[]): readonly T[] {
  if (Array.isArray(list)) return list;
  throw new ServiceConfigurationError(maker, ["the first argument must be a list"]);
}
