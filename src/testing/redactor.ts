import { isSecretField, isSecretHeader, isSecretName, redacted } from "../core/redact.ts";
import { queryOf } from "./query.ts";
import type { RecordedBody } from "./recorded-body.ts";
import { decoded, type SecretNames, secretsInText } from "./secrets-in-text.ts";

/** What is secret beside what the library knows to be. Names in lower case. */
export interface RedactRules {
  readonly headers: ReadonlySet<string>;
  readonly query: ReadonlySet<string>;
  readonly fields: ReadonlySet<string>;
  readonly keep: ReadonlySet<string>;
}

/** Credentials of one request, by name. */
export interface CredentialsOfRequest {
  readonly headers: ReadonlySet<string>;
  readonly query: ReadonlySet<string>;
}

type HeaderValues = Readonly<Record<string, string | readonly string[] | undefined>>;

// Shorter ones are found in every other word; where they stand as credentials they are hidden by name all the same.
const shortest = 6;

/**
 * Takes secrets out of what is recorded. It knows them by the names under which they stand; each that it has seen there
 * is then taken out wherever else it occurs, also encoded: a key that an answer repeats, a password within a URL.
 */
export class Redactor {
  readonly #rules: RedactRules;
  readonly #secrets = new Set<string>();
  readonly #names: SecretNames = {
    field: (name) => this.#isSecretField(name),
    parameter: (name) => this.#isSecretParameter(name, undefined),
  };
  #forms: readonly string[] | undefined;

  constructor(rules: RedactRules, values: readonly string[]) {
    this.#rules = rules;
    for (const value of values) this.#secrets.add(value);
  }

  /** Remembers the secrets of a request. */
  learnRequest(path: string, headers: HeaderValues, credentials: CredentialsOfRequest | undefined): void {
    this.learnHeaders(headers, credentials?.headers);
    const at = path.indexOf("?");
    for (const [name, value] of Object.entries(queryOf(at === -1 ? "" : path.slice(at + 1)))) {
      if (this.#isSecretParameter(name, credentials?.query)) this.#learn(...[value].flat());
    }
  }

  /** Remembers the secrets among headers. */
  learnHeaders(headers: HeaderValues, also?: ReadonlySet<string>): void {
    for (const [name, value] of Object.entries(headers)) {
      for (const one of value === undefined ? [] : [value].flat()) {
        if (this.#isSecretHeader(name, also)) this.#learn(...secretsIn(name.toLowerCase(), one));
        else this.#learnText(one);
      }
    }
  }

  /** Remembers the secrets of a body. */
  learnBody(body: RecordedBody | undefined): void {
    if (body === undefined) return;
    if ("json" in body) this.#learnFields(body.json, false);
    else if ("base64" in body) {
      const latin = Buffer.from(body.base64, "base64").toString("latin1");
      for (const { value } of secretsInText(latin, this.#names)) {
        this.#learn(Buffer.from(value, "latin1").toString());
      }
    } else {
      const text = textOf(body);
      this.#learnText(text);
      const json = jsonOf(text);
      if (json !== undefined) this.#learnFields(json, false);
    }
  }

  /** A path with its query. */
  path(given: string, credentials?: CredentialsOfRequest): string {
    // What was played in place of a token comes back encoded.
    const path = given.replaceAll(encodeURIComponent(redacted), redacted);
    const at = path.indexOf("?");
    if (at === -1) return this.#plain(path);
    const clean = path
      .slice(at + 1)
      .split("&")
      .map((pair) => {
        const [name = ""] = pair.split("=", 1);
        return this.#isSecretParameter(decoded(name), credentials?.query) ? `${name}=${redacted}` : pair;
      });
    return `${this.#plain(path.slice(0, at))}?${this.#plain(clean.join("&"))}`;
  }

  headers(headers: HeaderValues, also?: ReadonlySet<string>): Record<string, string | readonly string[]> {
    const clean: Record<string, string | readonly string[]> = {};
    for (const [name, value] of Object.entries(headers)) {
      if (value === undefined) continue;
      const isHidden = this.#isSecretHeader(name, also);
      // Most URLs in headers are for the client to follow: `location`, `link`.
      const one = (text: string): string => (isHidden ? redacted : this.#plain(text));
      clean[name] = typeof value === "string" ? one(value) : value.map(one);
    }
    return clean;
  }

  /** @param isPart - it broke off: a secret that breaks off with it is one all the same. */
  body(body: RecordedBody | undefined, isPart = false): RecordedBody | undefined {
    if (body === undefined) return undefined;
    if ("json" in body) return { json: this.#value(body.json) };
    if ("text" in body) return { text: this.#plain(body.text, itself, isPart) };
    if ("lines" in body) return { lines: this.#plain(textOf(body), itself, isPart).split("\n") };
    const latin = Buffer.from(body.base64, "base64").toString("latin1");
    const clean = this.#plain(latin, latinOf, isPart);
    return clean === latin ? body : { base64: Buffer.from(clean, "latin1").toString("base64") };
  }

  /** Any text, with every secret taken out that is known. */
  text(text: string): string {
    return this.#withoutKnown(text, itself, false);
  }

  #withoutKnown(text: string, encoded: (form: string) => string, isPart: boolean): string {
    this.#forms ??= [...this.#secrets].flatMap(formsOf).toSorted((a, b) => b.length - a.length);
    const forms = this.#forms.map(encoded);
    const clean = forms.reduce((rest, secret) => rest.replaceAll(secret, redacted), text);
    if (!isPart) return clean;
    const cut = Math.max(0, ...forms.map((form) => lengthOfCut(clean, form)));
    return cut === 0 ? clean : clean.slice(0, -cut) + redacted;
  }

  #learn(...values: readonly string[]): void {
    for (const value of values) {
      if (value.length < shortest || value.includes(redacted) || this.#secrets.has(value)) continue;
      this.#secrets.add(value);
      this.#forms = undefined;
    }
  }

  #learnText(text: string): void {
    for (const { value } of secretsInText(text, this.#names)) this.#learn(value);
  }

  #learnFields(value: unknown, isSecret: boolean): void {
    if (typeof value === "string") {
      if (isSecret) this.#learn(value);
      else this.#learnText(value);
    } else if (typeof value === "number" && isSecret) this.#learn(String(value));
    if (typeof value !== "object" || value === null) return;
    for (const [name, one] of Object.entries(value)) {
      // What is within a credential is hidden with it; it is none by itself.
      const isOwn = !Array.isArray(value) && this.#isSecretField(name);
      this.#learnFields(one, isOwn || (isSecret && Array.isArray(value)));
    }
  }

  #value(value: unknown): unknown {
    if (typeof value === "string") return this.#plain(value);
    if (typeof value === "number") return this.#secrets.has(String(value)) ? redacted : value;
    if (Array.isArray(value)) return value.map((one) => this.#value(one));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [
        this.text(name),
        this.#isSecretField(name) && one !== null ? redacted : this.#value(one),
      ]),
    );
  }

  /** A text without what shows itself to be a secret, and without what is known to be one. */
  #plain(text: string, encoded: (form: string) => string = itself, isPart = false): string {
    let clean = "";
    let from = 0;
    for (const { start, end, isBare } of secretsInText(text, this.#names)) {
      clean += text.slice(from, start) + (isBare ? JSON.stringify(redacted) : redacted);
      from = end;
    }
    return this.#withoutKnown(clean + text.slice(from), encoded, isPart);
  }

  #isSecretField(name: string): boolean {
    const key = name.toLowerCase();
    return !this.#rules.keep.has(key) && (this.#rules.fields.has(key) || isSecretField(name));
  }

  #isSecretParameter(name: string, also: ReadonlySet<string> | undefined): boolean {
    const key = name.toLowerCase();
    if (this.#rules.keep.has(key)) return false;
    return (also?.has(name) ?? false) || this.#rules.query.has(key) || isSecretName(name);
  }

  #isSecretHeader(name: string, also: ReadonlySet<string> | undefined): boolean {
    const key = name.toLowerCase();
    if (this.#rules.keep.has(key)) return false;
    return (also?.has(key) ?? false) || this.#rules.headers.has(key) || isSecretHeader(key);
  }
}

const textOf = (body: { readonly text: string } | { readonly lines: readonly string[] }): string =>
  "text" in body ? body.text : body.lines.join("\n");

const itself = (text: string): string => text;
/** As the bytes of the text stand in binary that is read byte by byte. */
const latinOf = (text: string): string => Buffer.from(text).toString("latin1");

/** JSON that was recorded as text, for it would not come out the same. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** How much of a secret stands at the end of a text, where not all of it does. */
function lengthOfCut(text: string, secret: string): number {
  for (let length = Math.min(secret.length - 1, text.length); length >= shortest; length--) {
    if (text.endsWith(secret.slice(0, length))) return length;
  }
  return 0;
}

function secretsIn(name: string, value: string): string[] {
  if (name === "cookie" || name === "set-cookie") {
    const pieces = name === "cookie" ? value.split(";") : [value.split(";", 1)[0] ?? ""];
    return pieces.map((piece) => piece.slice(piece.indexOf("=") + 1).trim());
  }
  const [scheme = "", ...rest] = value.split(" ");
  const token = rest.join(" ").trim();
  if (scheme.toLowerCase() === "basic" && token !== "") {
    const plain = Buffer.from(token, "base64").toString();
    return [token, plain, plain.slice(plain.indexOf(":") + 1)];
  }
  return token === "" ? [value] : [value, token];
}

/** How a secret may stand in a text. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const encoded = encodeURIComponent(secret.toWellFormed());
  return [
    ...new Set([
      secret,
      encoded,
      encoded.replaceAll(/%../g, (code) => code.toLowerCase()),
      new URLSearchParams({ a: secret }).toString().slice(2),
      JSON.stringify(secret).slice(1, -1),
      bytes.toString("base64"),
      bytes.toString("base64url"),
      ...withinBase64(bytes),
    ]),
  ];
}

/**
 * What base64 of something that has the secret in it has in common, whatever is around it: the characters that are of
 * the secret's bits alone. There are three, for a byte may be the first, second or third of its group.
 */
function withinBase64(bytes: Uint8Array): string[] {
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64url");
    const isWhole = (before + bytes.byteLength) % 3 === 0;
    const own = text.slice(before === 0 ? 0 : before + 1, isWhole ? undefined : -1);
    return [own, own.replaceAll("-", "+").replaceAll("_", "/")];
  });
}
