import type { IncomingMessage, ServerResponse } from "node:http";
import { jsonOfSize } from "../canned-answers.ts";

/** What `/file` is; the same in every process, for a download goes on after a restart. */
const file = Buffer.alloc(192 * 1_024, "a file of the far side, line by line\n");
const fileTag = '"one"';
const pieceBytes = 16 * 1_024;
const pieceMs = 5;
const events = Array.from({ length: 10 }, (_, index) => `id: ${index}\ndata: {"n":${index}}\n\n`);

/** Answers as it should; or, cut, with the first half of it. */
export function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { isCut }: { readonly isCut: boolean },
): void {
  const { pathname } = new URL(request.url ?? "/", "http://far");
  const how = { isCut };
  switch (pathname) {
    case "/silent":
      request.resume();
      return;
    case "/file":
      sendFile(request, response, how);
      return;
    case "/events":
      response.writeHead(200, { "content-type": "text/event-stream" });
      send(
        response,
        events.map((event) => Buffer.from(event)),
        how,
      );
      return;
    default:
      request.resume();
      // Once the body is there: a service that answers before is another fault, and not one of these.
      request.on("end", () => sendJson(response, how));
  }
}

function sendJson(response: ServerResponse, how: { readonly isCut: boolean }): void {
  const body = Buffer.from(jsonOfSize(1_024));
  response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
  send(response, [body.subarray(0, 512), body.subarray(512)], how);
}

function sendFile(request: IncomingMessage, response: ServerResponse, how: { readonly isCut: boolean }): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const isPart = request.headers.range !== undefined && request.headers["if-range"] === fileTag;
  const body = isPart ? file.subarray(from) : file;
  response.writeHead(isPart ? 206 : 200, {
    "content-type": "application/octet-stream",
    "content-length": body.length,
    etag: fileTag,
    ...(isPart ? { "content-range": `bytes ${from}-${file.length - 1}/${file.length}` } : {}),
  });
  const count = Math.ceil(body.length / pieceBytes);
  send(
    response,
    Array.from({ length: count }, (_, index) => body.subarray(index * pieceBytes, (index + 1) * pieceBytes)),
    how,
  );
}

/** Piece by piece; a client that is slow is not waited for: no answer is large. */
function send(response: ServerResponse, pieces: readonly Buffer[], { isCut }: { readonly isCut: boolean }): void {
  const left = isCut ? pieces.slice(0, Math.ceil(pieces.length / 2)) : [...pieces];
  const next = (): void => {
    if (response.destroyed) return;
    const piece = left.shift();
    if (piece !== undefined) {
      response.write(piece);
      setTimeout(next, pieceMs);
    } else if (isCut) response.destroy();
    else response.end();
  };
  next();
}
