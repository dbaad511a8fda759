/** A line, or what is gathered of lines, became longer than it may be. */
export class TooLongError extends Error {
  readonly limit: number;

  constructor(limit: number) {
    super(`more than ${limit} characters without an end`);
    this.limit = limit;
  }
}

/**
 * Text in lines, whatever the pieces are that it comes in. Pure: bytes go in, whole lines come out.
 *
 * Only new text is searched for an end, and what is held back is joined once, so that a line of a million pieces
 * takes no more work than its length.
 */
export class LineSplitter {
  // Node's own dropping of the byte order mark drops a second one too, where the first was a piece of its own.
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #isAtStart = true;
  readonly #end: RegExp;
  readonly #maxLength: number;
  readonly #held: string[] = [];
  #heldLength = 0;
  /** The last line ended with a CR at the end of a piece; a LF that comes next belongs to it. */
  #isAfterCr = false;

  /**
   * @param options - `ends`: LF alone, or any of CR, LF and CRLF. `maxLength`: of a line, in UTF-16 code units.
   */
  constructor(options: { readonly ends: "lf" | "any"; readonly maxLength: number }) {
    this.#end = options.ends === "lf" ? /\n/g : /\r\n?|\n/g;
    this.#maxLength = options.maxLength;
  }

  /** The lines that this piece completes, without their ends. @throws TooLongError */
  push(piece: Uint8Array): string[] {
    return this.#lines(this.#decoder.decode(piece, { stream: true }));
  }

  /** What came after the last end, when nothing more will come. @throws TooLongError */
  rest(): string {
    this.#hold(this.#decoder.decode());
    return this.#take();
  }

  #lines(text: string): string[] {
    const piece = this.#isAtStart && text.startsWith("\uFEFF") ? text.slice(1) : text;
    if (text !== "") this.#isAtStart = false;
    const lines: string[] = [];
    const isSplitCrlf = this.#isAfterCr && piece.startsWith("\n");
    if (piece !== "") this.#isAfterCr = false;
    let start = isSplitCrlf ? 1 : 0;
    this.#end.lastIndex = start;
    for (let end = this.#end.exec(piece); end !== null; end = this.#end.exec(piece)) {
      this.#hold(piece.slice(start, end.index));
      lines.push(this.#take());
      start = this.#end.lastIndex;
      this.#isAfterCr = end[0] === "\r" && start === piece.length;
    }
    this.#hold(piece.slice(start));
    return lines;
  }

  #hold(text: string): void {
    if (text === "") return;
    this.#held.push(text);
    this.#heldLength += text.length;
    if (this.#heldLength > this.#maxLength) throw new TooLongError(this.#maxLength);
  }

  #take(): string {
    const line = this.#held.length === 1 ? (this.#held[0] as string) : this.#held.join("");
    this.#held.length = 0;
    this.#heldLength = 0;
    return line;
  }
}
