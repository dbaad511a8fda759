/** A request at the beginning of what came, as far as the server cares. */
export interface RequestHead {
  /** What follows the last slash of the path: the size of the answer that is wanted. */
  readonly name: string;
  /** Of the whole request, head and body. */
  readonly length: number;
}

const post = "P".charCodeAt(0);
const slash = "/".charCodeAt(0);

/**
 * Finds the request at `from`; undefined where its head is not there yet. Only what the clients here send is
 * understood: no chunks, no query.
 */
export function readRequestHead(bytes: Buffer, from: number): RequestHead | undefined {
  const headEnd = bytes.indexOf("\r\n\r\n", from, "latin1");
  if (headEnd === -1) return undefined;
  const pathStart = bytes.indexOf(slash, from);
  const pathEnd = bytes.indexOf(" ", pathStart, "latin1");
  const name = bytes.toString("latin1", bytes.lastIndexOf(slash, pathEnd) + 1, pathEnd);
  const hasBody = bytes[from] === post;
  const bodyLength = hasBody ? contentLength(bytes.toString("latin1", pathEnd, headEnd)) : 0;
  return { name, length: headEnd + 4 - from + bodyLength };
}

function contentLength(head: string): number {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new RangeError("a body came without a content-length");
  return Number(length);
}
