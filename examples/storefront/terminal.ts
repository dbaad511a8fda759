import type { WriteStream } from "node:tty";
import { styleText } from "node:util";

/**
 * Lines that stay, and below them one that is rewritten; that one only where a person is looking. Whoever prints goes
 * through here, or the two would write over each other.
 */
export class Terminal {
  readonly #output: WriteStream;
  #live = "";

  constructor(output: WriteStream) {
    this.#output = output;
  }

  /** Whether a person is looking. */
  get isInteractive(): boolean {
    return this.#output.isTTY;
  }

  /** Prints lines that stay. */
  print(text: string): void {
    this.#output.write(`${this.#erased()}${text}\n${this.#live}`);
  }

  /** Rewrites the line at the bottom; an empty text takes it away. */
  live(text: string): void {
    if (!this.isInteractive) return;
    const erased = this.#erased();
    // A line that wraps could not be rewritten.
    this.#live = text.slice(0, (this.#output.columns || 80) - 1);
    this.#output.write(erased + this.#live);
  }

  bold(text: string): string {
    return this.#styled("bold", text);
  }

  dim(text: string): string {
    return this.#styled("dim", text);
  }

  good(text: string): string {
    return this.#styled("green", text);
  }

  bad(text: string): string {
    return this.#styled("red", text);
  }

  // Leaves the text alone where the output is not a terminal, and where NO_COLOR is set.
  #styled(format: Parameters<typeof styleText>[0], text: string): string {
    return styleText(format, text, { stream: this.#output });
  }

  #erased(): string {
    return this.#live === "" ? "" : "\r\u001B[2K";
  }
}
