/** What a REST server of the sandbox answers, as a value: made by a pure handler, put on the wire by `rest-server.ts`. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string goes out as text, anything else as JSON. */
  readonly body: unknown;
}

/** A problem document (RFC 9457). */
export function problem(status: number, title: string, detail: string, headers?: Record<string, string>): Answer {
  return {
    status,
    headers: { ...headers, "content-type": "application/problem+json" },
    body: { type: "about:blank", title, status, detail },
  };
}

/** The answer to a request without the right key; RFC 9110 section 11.6.1 demands the challenge. */
export function unauthorized(): Answer {
  return problem(401, "Unauthorized", "Send Authorization: Bearer <key>.", { "www-authenticate": "Bearer" });
}

/** Whether an `Authorization` header carries this key; the scheme is case-insensitive (RFC 9110 section 11.1). */
export function hasApiKey(authorization: string | undefined, apiKey: string): boolean {
  const [scheme = "", ...credentials] = (authorization ?? "").split(" ");
  return scheme.toLowerCase() === "bearer" && credentials.join(" ").trim() === apiKey;
}

/** The bytes of an answer and the headers that describe them. */
export function encodeAnswer(answer: Answer): { readonly headers: Record<string, string>; readonly payload: Buffer } {
  const { body } = answer;
  const payload = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  const type = typeof body === "string" ? "text/plain; charset=utf-8" : "application/json";
  return { headers: { "content-type": type, "content-length": String(payload.length), ...answer.headers }, payload };
}
