/** Why no client can be generated, in one line that says what to do. */
export class GenerateError extends Error {
  override readonly name: string = "GenerateError";
}
