import { inspect } from "node:util";
import type { Dispatcher } from "undici";
import { redactHeaders, redactPath, redactValue } from "../core/redact.ts";
import type { WitnessedOptions } from "../rest/slot-pool.ts";
import type { MockFault } from "./faults.ts";
import { type Query, queryOf } from "./query.ts";

/** How a call was answered; `unexpected`: no expectation took it. */
export type MockOutcome =
  | { readonly kind: "under-way" }
  | { readonly kind: "answer"; readonly status: number }
  | { readonly kind: "fault"; readonly fault: MockFault | "cut" }
  | { readonly kind: "unexpected" }
  | { readonly kind: "passed-on" }
  /** The mock itself was wrong: a function that threw, a body that does not fit its schema. */
  | { readonly kind: "broken"; readonly reason: string };

/** Where the header or query parameter of a call comes from that is a credential, by name. */
type Credentials = { readonly headers: ReadonlySet<string>; readonly query: ReadonlySet<string> } | undefined;

/**
 * A request that a mock transport was given: each attempt is one, and each hop of a redirect. Its credentials are there
 * to be asserted on, and hidden where it is printed.
 */
export class MockCall<Params = Readonly<Record<string, string>>> {
  /** In upper case. */
  readonly method: string;
  /** Scheme, host and port: `https://api.example.com`. */
  readonly origin: string;
  /** As it was sent, without the query. */
  readonly path: string;
  declare readonly query: Query;
  /** Names in lower case. */
  declare readonly headers: Readonly<Record<string, string>>;
  /** The values of the `{names}` of the expectation that took it, decoded. */
  readonly params: Params;
  /** Parsed by its content type: JSON, a form as an object, text; anything else as bytes; undefined where there is none. */
  declare readonly body: unknown;
  /** As it was sent; empty until a body that is a stream has arrived. */
  declare readonly bytes: Uint8Array;
  #outcome: MockOutcome = { kind: "under-way" };
  readonly #credentials: Credentials;

  constructor(options: Dispatcher.DispatchOptions) {
    const { path } = options;
    const at = path.indexOf("?");
    this.method = String(options.method).toUpperCase();
    this.origin = new URL(String(options.origin)).origin;
    this.path = at === -1 ? path : path.slice(0, at);
    hide(this, "query", queryOf(at === -1 ? "" : path.slice(at + 1)));
    this.params = {} as Params;
    this.#credentials = (options as WitnessedOptions).credentials;
    hide(this, "headers", plainHeaders(options.headers));
    this.take(knownBytes(options.body) ?? new Uint8Array());
  }

  /** The body has arrived. @internal */
  take(sent: Uint8Array): void {
    // Not a Buffer, which no assertion takes for the Uint8Array that was sent.
    const bytes = new Uint8Array(sent.buffer, sent.byteOffset, sent.byteLength);
    hide(this, "bytes", bytes);
    hide(this, "body", parsedBody(bytes, this.headers["content-type"]));
  }

  /** It is over, or goes this way. @internal */
  end(outcome: MockOutcome): void {
    this.#outcome = outcome;
  }

  /** Whether this header, in lower case, or query parameter is a credential that an auth provider set. @internal */
  hasCredential(part: "headers" | "query", name: string): boolean {
    return this.#credentials?.[part].has(name) ?? false;
  }

  /** What came of it. */
  get outcome(): MockOutcome {
    return this.#outcome;
  }

  /** Method and path with the query, its secrets hidden. */
  get title(): string {
    const query = Object.entries(this.query)
      .flatMap(([name, value]) => (typeof value === "string" ? [value] : value).map((one) => `${name}=${one}`))
      .join("&");
    return `${this.method} ${redactPath(query === "" ? this.path : `${this.path}?${query}`, this.#credentials?.query)}`;
  }

  /** What is fit to be printed. */
  toJSON(): Record<string, unknown> {
    const { method, origin, path, params, outcome } = this;
    return {
      method,
      origin,
      path,
      query: redactHeaders(this.query, this.#credentials?.query),
      params,
      headers: redactHeaders(this.headers, this.#credentials?.headers),
      body: this.body instanceof Uint8Array ? `${this.body.byteLength} bytes` : redactValue(this.body),
      outcome,
    };
  }
}

// A computed member whose key is imported cannot be declared under `isolatedDeclarations`.
Object.defineProperty(MockCall.prototype, inspect.custom, {
  value(this: MockCall) {
    return this.toJSON();
  },
});

/** Whether what is sent is known before it is sent. */
export function isBodyKnown(body: Dispatcher.DispatchOptions["body"]): boolean {
  return knownBytes(body) !== undefined;
}

function knownBytes(body: Dispatcher.DispatchOptions["body"]): Uint8Array | undefined {
  if (body === undefined || body === null) return new Uint8Array();
  if (typeof body === "string") return Buffer.from(body);
  return body instanceof Uint8Array ? body : undefined;
}

/** Not shown by `inspect` and by the diff of an assertion on the whole call: it may hold secrets. */
function hide(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: false, configurable: true });
}

type HeaderValue = string | number | readonly string[] | null | undefined;

/** The headers in every form that undici takes them. */
export function plainHeaders(headers: Dispatcher.DispatchOptions["headers"]): Record<string, string> {
  const plain: Record<string, string> = {};
  const add = (name: string, value: HeaderValue): void => {
    if (value === undefined || value === null) return;
    const key = name.toLowerCase();
    const text = Array.isArray(value) ? value.join(", ") : String(value);
    plain[key] = plain[key] === undefined ? text : `${plain[key]}, ${text}`;
  };
  if (headers === undefined || headers === null) return plain;
  if (Array.isArray(headers)) {
    for (let i = 0; i + 1 < headers.length; i += 2) add(String(headers[i]), headers[i + 1]);
  } else if (Symbol.iterator in headers) {
    for (const [name, value] of headers as Iterable<[string, HeaderValue]>) add(name, value);
  } else {
    for (const [name, value] of Object.entries(headers)) add(name, value);
  }
  return plain;
}

/** A body by its content type; what is not what its type says is text. */
export function parsedBody(bytes: Uint8Array, contentType = ""): unknown {
  if (bytes.byteLength === 0) return undefined;
  const type = contentType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (!/^(?:text\/|application\/(?:json|x-www-form-urlencoded|x-ndjson|xml)$)|[+/](?:json|xml)$|^$/.test(type)) {
    return bytes;
  }
  const text = Buffer.from(bytes).toString();
  if (type === "application/x-www-form-urlencoded") return { ...queryOf(text) };
  if (!/[+/]json$/.test(type)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
