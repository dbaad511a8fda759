/** A request, read just well enough to know where it ends. */
export interface ReadRequest {
  readonly method: string;
  readonly path: string;
  readonly head: string;
}

interface Body {
  readonly request: ReadRequest;
  readonly isChunked: boolean;
  /** Bytes to come: of the body, or of the chunk with its line end. */
  left: number;
  text: string;
}

// The bodies that a case looks at are small; of others, nobody needs the rest.
const keptBytes = 4_096;

/** Reads the requests off one connection: what they are, and when each is whole. */
export class RequestReader {
  readonly #onHead: (request: ReadRequest) => void;
  readonly #onWhole: (request: ReadRequest, body: string) => void;
  #buffer: Buffer = Buffer.alloc(0);
  #body: Body | undefined;

  constructor(onHead: (request: ReadRequest) => void, onWhole: (request: ReadRequest, body: string) => void) {
    this.#onHead = onHead;
    this.#onWhole = onWhole;
  }

  push(chunk: Buffer): void {
    this.#buffer = this.#buffer.byteLength === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    while (this.#body === undefined ? this.#readHead() : this.#readBody(this.#body));
  }

  #readHead(): boolean {
    const end = this.#buffer.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const head = this.#take(end + 4).toString("latin1");
    const [method = "", path = ""] = head.split(" ", 2);
    const request = { method, path, head };
    const isChunked = /^transfer-encoding: *chunked/im.test(head);
    const left = isChunked ? 0 : Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    this.#body = { request, isChunked, left, text: "" };
    this.#onHead(request);
    return true;
  }

  #readBody(body: Body): boolean {
    if (body.left > 0) {
      const piece = this.#take(Math.min(body.left, this.#buffer.byteLength));
      body.left -= piece.byteLength;
      if (body.text.length < keptBytes) body.text += piece.toString("latin1");
      if (body.left > 0) return false;
    }
    return body.isChunked ? this.#readChunkSize(body) : this.#end(body);
  }

  #readChunkSize(body: Body): boolean {
    const end = this.#buffer.indexOf("\r\n");
    if (end < 0) return false;
    const line = this.#take(end + 2).toString("latin1");
    // The line end of the chunk before.
    if (line === "\r\n") return true;
    body.left = Number.parseInt(line, 16);
    return body.left > 0 || this.#end(body);
  }

  #end(body: Body): boolean {
    this.#body = undefined;
    if (body.isChunked) this.#take(Math.min(2, this.#buffer.byteLength));
    this.#onWhole(body.request, body.text);
    return this.#buffer.byteLength > 0;
  }

  #take(bytes: number): Buffer {
    const taken = this.#buffer.subarray(0, bytes);
    this.#buffer = this.#buffer.subarray(bytes);
    return taken;
  }
}
