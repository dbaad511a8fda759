/** Which names are those of credentials, by where they stand. */
export interface SecretNames {
  /** Of a field of a body. */
  readonly field: (name: string) => boolean;
  /** Of a parameter of a URL. */
  readonly parameter: (name: string) => boolean;
}

/** A credential within a text. */
export interface SecretInText {
  readonly start: number;
  readonly end: number;
  /** As it is where nothing is escaped or encoded. */
  readonly value: string;
  /** It stands where JSON has a number or the like, and what replaces it must be text in quotes. */
  readonly isBare: boolean;
}

type Kind = (text: string, names: SecretNames) => Iterable<SecretInText>;

/**
 * The credentials that a text shows to be some: by the name beside them, in JSON, forms, XML, multipart and URLs, or by
 * their own look. In order, and none within another. A text that breaks off is read to its end.
 */
export function secretsInText(text: string, names: SecretNames): readonly SecretInText[] {
  const all = kinds
    .flatMap(([sign, kind]) => (text.includes(sign) ? [...kind(text, names)] : []))
    .filter(({ start, end }) => end > start)
    .toSorted((a, b) => a.start - b.start || b.end - a.end);
  const apart: SecretInText[] = [];
  for (const one of all) if (one.start >= (apart.at(-1)?.end ?? 0)) apart.push(one);
  return apart;
}

/** Finds a name and its value: the groups 1 and 2 of the pattern. */
const named = (pattern: RegExp, plainName: (name: string) => string, plainValue: (value: string) => string): Kind =>
  function* (text, { field }) {
    for (const { 1: name = "", 2: value = "", indices } of text.matchAll(pattern)) {
      const [start = 0, end = 0] = indices?.[2] ?? [];
      if (field(plainName(name))) yield { start, end, value: plainValue(value), isBare: false };
    }
  };

/** Finds what has the look of a credential: the group 1 of the pattern. */
const shaped = (pattern: RegExp): Kind =>
  function* (text) {
    for (const { 1: value = "", indices } of text.matchAll(pattern)) {
      const [start = 0, end = 0] = indices?.[1] ?? [];
      yield { start, end, value, isBare: false };
    }
  };

const itself = (text: string): string => text;

const jsonText = named(/"([^"\\]+)"\s*:\s*"((?:[^"\\]|\\.)*)/dg, itself, unescaped);
/** JSON that is a text within JSON. */
const jsonWithinJson = named(/\\"([^"\\]+)\\"\s*:\s*\\"((?:[^"\\]|\\\\.)*)/dg, itself, itself);

const jsonNumber: Kind = function* (text, { field }) {
  for (const { 1: name = "", 2: value = "", indices } of text.matchAll(/"([^"\\]+)"\s*:\s*(-?\d[\d.eE+-]*)/dg)) {
    const [start = 0, end = 0] = indices?.[2] ?? [];
    if (field(name)) yield { start, end, value, isBare: true };
  }
};

/** `name=value` of a form, an attribute, an environment; also `name="value"`. */
const assigned = named(/(?<=^|[\s&;,{("'])([\w.%[\]-]+)=["']?([^\s&;,"'<>]+)/dgm, decoded, decoded);
/** A line `name: value`, and nothing else: of prose, the word after a colon is no credential. */
const yamlLine = named(/^[ \t]*(?:- )?([\w.-]{1,80}):[ \t]+["']?([^\s"']+)["']?[ \t]*\r?$/dgm, itself, itself);
const xmlElement = named(/<(?:[\w-]+:)?([\w.-]+)(?:\s[^<>]*)?>([^<]+)/dg, itself, itself);
const multipartPart = named(
  /\bname="([^"]+)"[^\r\n]*\r\n(?:[^\r\n]+\r\n){0,9}\r\n([\s\S]*?)(?=\r\n--|$)/dg,
  itself,
  itself,
);

/** The parameters of a URL, however its ampersands are escaped, and of its fragment: a token may come in it. */
const urlParameters: Kind = function* (text, { parameter }) {
  for (const run of text.matchAll(/[?#]([^\s"'<>?]+)/dg)) {
    const [from = 0] = run.indices?.[1] ?? [];
    const query = run[1] ?? "";
    for (const pair of query.matchAll(/(?<=^|[&#;]|\\u0026)([\w.%[\]-]+)=((?:(?!\\u0026)[^&#;,\\])*)/dg)) {
      const { 1: name = "", 2: value = "", indices } = pair;
      const [start = 0, end = 0] = indices?.[2] ?? [];
      if (parameter(decoded(name))) {
        yield { start: from + start, end: from + end, value: decoded(value), isBare: false };
      }
    }
  }
};

const jsonWebToken = shaped(/(?<![\w-])(eyJ[\w-]{5,}(?:\.[\w-]*){2,4})/dg);
const privateKey = shaped(/-----BEGIN [A-Z ]*PRIVATE KEY-----([\s\S]*?)(?:-----END|$)/dg);
const passwordOfUrl = shaped(/\b[a-z][a-z\d+.-]{0,20}:\/\/[^\s/@:"'<>]{0,200}:([^\s/@"'<>]{1,200})@/dgi);
/** As an example of a request has it; words of prose have no digits. */
const authorization = shaped(/\b(?:bearer|basic|token)[ +]{1,3}((?=[\w.~+/-]*\d)[\w.~+/-]{12,}=*)/dgi);
/** Keys that say by their start what they are, of services that many use. */
const prefixedKey = shaped(/\b((?:[sr]k_(?:live|test)|gh[opsu]|github_pat|glpat|xox[abeprs])[-_][\w-]{16,})/dg);

/** Each with what a text must have to be looked through for it: most texts of a large body have nothing of all this. */
const kinds: readonly (readonly [sign: string, kind: Kind])[] = [
  ['"', jsonText],
  ['\\"', jsonWithinJson],
  ['"', jsonNumber],
  ["=", assigned],
  [": ", yamlLine],
  ["<", xmlElement],
  ['name="', multipartPart],
  ["=", urlParameters],
  ["eyJ", jsonWebToken],
  ["PRIVATE KEY", privateKey],
  ["://", passwordOfUrl],
  [" ", authorization],
  ["_", prefixedKey],
  ["-", prefixedKey],
];

/** What is encoded as in a form; as it is where it is not. */
export function decoded(text: string): string {
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
