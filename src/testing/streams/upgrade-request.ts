import type { IncomingMessage } from "node:http";
import { inspect } from "node:util";
import { redactHeaders, redactPath } from "../../core/redact.ts";

/** What a client asks for when it opens a WebSocket. Credentials are there to be compared, and hidden when it is shown. */
export class UpgradeRequest {
  /** With its query. */
  readonly path: string;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The subprotocols that it offers, the preferred one first. */
  readonly protocols: readonly string[];

  constructor({ url = "/", headers }: Pick<IncomingMessage, "url" | "headers">) {
    this.path = url;
    this.headers = headers;
    const offered = headers["sec-websocket-protocol"];
    this.protocols = offered === undefined ? [] : offered.split(",").map((one) => one.trim());
  }

  /** What may be shown. */
  toJSON(): { readonly path: string; readonly headers: object; readonly protocols: readonly string[] } {
    return { path: redactPath(this.path), headers: redactHeaders(this.headers), protocols: this.protocols };
  }
}

// A computed member whose key is imported cannot be declared under `isolatedDeclarations`.
Object.defineProperty(UpgradeRequest.prototype, inspect.custom, {
  value(this: UpgradeRequest) {
    return this.toJSON();
  },
});
