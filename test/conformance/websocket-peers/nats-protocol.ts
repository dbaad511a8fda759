/** What a NATS server says: its protocol of lines, in which a message has a payload of a length that is given. */
export type NatsOperation =
  | { readonly op: "INFO"; readonly info: { readonly server_id: string; readonly version: string } }
  | { readonly op: "PING" | "PONG" | "+OK" }
  | { readonly op: "-ERR"; readonly reason: string }
  | { readonly op: "MSG"; readonly subject: string; readonly subscription: string; readonly payload: string };

/** Reads operations out of frames, whose bounds mean nothing: an operation may be torn, and several may come at once. */
export class NatsReader {
  #rest: Buffer = Buffer.alloc(0);

  /** @throws Error for what is not the protocol */
  push(frame: string | Uint8Array): NatsOperation[] {
    this.#rest = Buffer.concat([this.#rest, typeof frame === "string" ? Buffer.from(frame) : frame]);
    const operations: NatsOperation[] = [];
    for (let next = this.#next(); next !== undefined; next = this.#next()) operations.push(next);
    return operations;
  }

  #next(): NatsOperation | undefined {
    const end = this.#rest.indexOf("\r\n");
    if (end === -1) return undefined;
    const line = this.#rest.subarray(0, end).toString();
    const [word = "", ...words] = line.split(" ");
    const op = word.toUpperCase();
    if (op !== "MSG") {
      this.#rest = this.#rest.subarray(end + 2);
      return operationOf(op, words.join(" "));
    }
    // MSG <subject> <sid> [reply-to] <bytes>
    const [subject = "", subscription = ""] = words;
    const bytes = Number(words.at(-1));
    if (this.#rest.length < end + 2 + bytes + 2) return undefined;
    const payload = this.#rest.subarray(end + 2, end + 2 + bytes).toString();
    this.#rest = this.#rest.subarray(end + 2 + bytes + 2);
    return { op: "MSG", subject, subscription, payload };
  }
}

function operationOf(op: string, rest: string): NatsOperation {
  switch (op) {
    case "INFO":
      return { op, info: JSON.parse(rest) as { server_id: string; version: string } };
    case "PING":
    case "PONG":
    case "+OK":
      return { op };
    case "-ERR":
      return { op, reason: rest.replaceAll("'", "") };
    default:
      throw new Error(`a NATS server does not say ${op}`);
  }
}
