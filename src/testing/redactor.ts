import { isSecretField, isSecretHeader, isSecretName, redacted } from "../core/redact.ts";
import { queryOf } from "./query.ts";
import type { RecordedBody } from "./recorded-body.ts";

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
      if (value === undefined || !this.#isSecretHeader(name, also)) continue;
      for (const one of [value].flat()) this.#learn(...secretsIn(name.toLowerCase(), one));
    }
  }

  /** Remembers the secrets among the fields of a body. */
  learnBody(body: RecordedBody | undefined): void {
    if (body === undefined || "base64" in body) return;
    if ("json" in body) this.#learnFields(body.json);
    else {
      for (const [, name = "", , value = ""] of textOf(body).matchAll(pairs)) {
        if (this.#isSecretField(name)) this.#learn(unescaped(value));
      }
      for (const [, name = "", value = ""] of textOf(body).matchAll(formPairs)) {
        if (this.#isSecretField(decoded(name))) this.#learn(decoded(value));
      }
    }
  }

  /** A path with its query, or a URL. */
  path(path: string, credentials?: CredentialsOfRequest): string {
    const at = path.indexOf("?");
    if (at === -1) return this.text(path);
    const clean = path
      .slice(at + 1)
      .split("&")
      .map((pair) => {
        const [name = ""] = pair.split("=", 1);
        return this.#isSecretParameter(decoded(name), credentials?.query) ? `${name}=${redacted}` : pair;
      });
    return this.text(`${path.slice(0, at)}?${clean.join("&")}`);
  }

  headers(headers: HeaderValues, also?: ReadonlySet<string>): Record<string, string | readonly string[]> {
    const clean: Record<string, string | readonly string[]> = {};
    for (const [name, value] of Object.entries(headers)) {
      if (value === undefined) continue;
      const isHidden = this.#isSecretHeader(name, also);
      // Most URLs in headers are for the client to follow: `location`, `link`.
      const one = (text: string): string => (isHidden ? redacted : this.text(this.#urls(text)));
      clean[name] = typeof value === "string" ? one(value) : value.map(one);
    }
    return clean;
  }

  body(body: RecordedBody | undefined): RecordedBody | undefined {
    if (body === undefined) return undefined;
    if ("json" in body) return { json: this.#value(body.json) };
    if ("text" in body) return { text: this.#plain(body.text) };
    if ("lines" in body) return { lines: this.#plain(textOf(body)).split("\n") };
    const latin = Buffer.from(body.base64, "base64").toString("latin1");
    const clean = this.text(latin);
    return clean === latin ? body : { base64: Buffer.from(clean, "latin1").toString("base64") };
  }

  /** Any text, with every secret taken out that is known. */
  text(text: string): string {
    this.#forms ??= [...this.#secrets].flatMap(formsOf).toSorted((a, b) => b.length - a.length);
    return this.#forms.reduce((clean, secret) => clean.replaceAll(secret, redacted), text);
  }

  #learn(...values: readonly string[]): void {
    for (const value of values) {
      if (value.length < shortest || value.includes(redacted) || this.#secrets.has(value)) continue;
      this.#secrets.add(value);
      this.#forms = undefined;
    }
  }

  #learnFields(value: unknown): void {
    if (typeof value !== "object" || value === null) return;
    for (const [name, one] of Object.entries(value)) {
      if (typeof one === "string" && !Array.isArray(value) && this.#isSecretField(name)) this.#learn(one);
      else this.#learnFields(one);
    }
  }

  #value(value: unknown): unknown {
    if (typeof value === "string") return this.text(value);
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

  #plain(text: string): string {
    const withoutFields = text
      .replaceAll(pairs, (all, name: string, between: string) =>
        this.#isSecretField(name) ? `"${name}"${between}"${redacted}"` : all,
      )
      .replaceAll(formPairs, (all, name: string) => (this.#isSecretField(decoded(name)) ? `${name}=${redacted}` : all));
    return this.text(withoutFields);
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

  #urls(text: string): string {
    return text.replaceAll(/([?&])([^=&?\s<>]+)=([^&\s<>;,"]*)/g, (all, before: string, name: string) =>
      this.#isSecretParameter(decoded(name), undefined) ? `${before}${name}=${redacted}` : all,
    );
  }
}

/** A field of JSON that is within a text, and its value. */
const pairs = /"([^"\\]+)"(\s*:\s*)"((?:[^"\\]|\\.)*)"/g;
/** A field of a form, or of a query within a text. */
const formPairs = /(?<=^|[&?])([\w.%[\]-]+)=([^&\s"]*)/g;

const textOf = (body: { readonly text: string } | { readonly lines: readonly string[] }): string =>
  "text" in body ? body.text : body.lines.join("\n");

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
  return [
    ...new Set([
      secret,
      encodeURIComponent(secret.toWellFormed()),
      JSON.stringify(secret).slice(1, -1),
      bytes.toString("base64"),
      bytes.toString("base64url"),
    ]),
  ];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

function unescaped(text: string): string {
  try {
    return String(JSON.parse(`"${text}"`));
  } catch {
    return text;
  }
}
