/** Header names in lower case; a header that came more than once is a list. */
export type AnswerHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** An answer as it came off the wire, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Uint8Array;
  readonly timings: AnswerTimings;
  readonly redirect?: RedirectNote | undefined;
}

/** The same, just read: a class for the reason that `Success` is one. */
export class WholeAnswer implements Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Uint8Array;
  readonly timings: AnswerTimings;
  readonly redirect: RedirectNote | undefined;

  constructor(
    status: number,
    headers: AnswerHeaders,
    body: Uint8Array,
    timings: AnswerTimings,
    redirect?: RedirectNote,
  ) {
    this.status = status;
    this.headers = headers;
    this.body = body;
    this.timings = timings;
    this.redirect = redirect;
  }
}

/** What redirects have to do with an answer. */
export interface RedirectNote {
  /** Why this one was not followed. */
  readonly problem: string | undefined;
  /** A redirect turned the call into a GET: whatever this answer says, the call itself may have taken effect. */
  readonly mayHaveTakenEffect: boolean;
  /** Another origin answered: that says nothing about the service itself, nor about its credentials. */
  readonly isElsewhere: boolean;
}

/** An answer whose head has come, and whose body is read by the caller. */
export interface OpenAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: AnswerBody;
  readonly timings: Omit<AnswerTimings, "readMs">;
  /** The body is not what came off the wire: lengths and ranges of one are not those of the other. */
  readonly isDecoded: boolean;
}

/**
 * A body that is read as it comes, once. It holds a connection, and stays under the limits of its call, until it is
 * read to its end, left early, disposed, or failed; its iterator throws the error of the call, or the caller's own
 * abort reason.
 */
export interface AnswerBody extends AsyncIterable<Uint8Array, undefined>, AsyncDisposable {
  /** Tells who waits for something else than the next piece, such as a slow destination, that none will come. */
  whenFailed(listener: (thrown: unknown) => void): void;
}

export function isOpen(answer: Answer | OpenAnswer): answer is OpenAnswer {
  return !(answer.body instanceof Uint8Array);
}

/** Where the time of the last attempt went, in milliseconds. */
export interface AnswerTimings {
  /** Waiting for a connection, including making one. */
  readonly queueMs: number;
  /** From the first byte sent to the status line of the answer. */
  readonly waitMs: number;
  /** From there to the last byte of the body. */
  readonly readMs: number;
}

export function headerOf(headers: AnswerHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : value?.[0];
}

/** The id that the service gave to the request, under the names that are in use. */
export function requestIdOf(headers: AnswerHeaders): string | undefined {
  for (const name of ["x-request-id", "request-id", "x-correlation-id", "x-amzn-requestid"]) {
    const value = headerOf(headers, name);
    if (value !== undefined) return value;
  }
  return undefined;
}

/** UTF-8; a byte order mark is dropped, bad sequences become U+FFFD. */
export function textOf(body: Uint8Array): string {
  // A Buffer's decoder is that of a TextDecoder, without the checks of its options at each call.
  const bytes = body instanceof Buffer ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const text = bytes.toString();
  return text.charCodeAt(0) === 0xfe_ff ? text.slice(1) : text;
}

export function isJson(headers: AnswerHeaders): boolean {
  return /^application\/(?:[\w.+-]+\+)?json\b/i.test(headerOf(headers, "content-type") ?? "");
}
