/** Why the calls of a request were ended: its client is gone, and nobody waits for what they would bring. */
export class ClientGoneError extends Error {
  override readonly name = "AbortError";
  /** Below 500, so that no framework logs the client's own doing as an error of ours. */
  readonly statusCode = 499;

  constructor() {
    super("the client went away before the request was answered");
  }
}

const brand = Symbol.for("hawser.ClientGoneError");
Object.defineProperty(ClientGoneError.prototype, brand, { value: true });

/** Also where it was made by another installed copy of the package. */
export function isClientGoneError(error: unknown): error is ClientGoneError {
  return typeof error === "object" && error !== null && brand in error;
}
