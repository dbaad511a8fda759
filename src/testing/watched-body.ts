import { PassThrough, Readable } from "node:stream";
import type { Dispatcher } from "undici";

type Body = Dispatcher.DispatchOptions["body"];

/** A body that tells afterwards what of it was sent. */
export function watchedBody(body: Body): { readonly body: Body; readonly sent: () => Uint8Array } {
  if (!(body instanceof Readable)) {
    const bytes = typeof body === "string" || body instanceof Uint8Array ? Buffer.from(body) : new Uint8Array();
    return { body, sent: () => bytes };
  }
  const pieces: Uint8Array[] = [];
  const through = new PassThrough();
  body.on("data", (piece: Uint8Array) => pieces.push(Uint8Array.from(piece)));
  body.on("error", (error) => through.destroy(error));
  through.on("close", () => body.destroy());
  body.pipe(through);
  return { body: through, sent: () => Buffer.concat(pieces) };
}
