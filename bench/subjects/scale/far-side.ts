import { get } from "node:http";

/** Tells the server of the suite how late it is to answer; see servers/canned-late.ts. */
export class FarSide {
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** From now on; what waits to be answered is answered at once. */
  async delay(ms: number): Promise<void> {
    await this.#ask(`/delay/d${ms}`);
  }

  /** Nothing is answered until another delay is set. */
  async hold(): Promise<void> {
    await this.#ask("/delay/held");
  }

  /** How many wait for an answer. */
  async pending(): Promise<number> {
    return (await this.#ask("/pending")) as number;
  }

  async origins(): Promise<readonly string[]> {
    return ((await this.#ask("/ports")) as number[]).map((port) => `http://127.0.0.1:${port}`);
  }

  /** Over a connection of its own, which none of the clients sees. */
  #ask(path: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const request = get(`${this.#origin}${path}`, { agent: false }, (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => (text += chunk));
        answer.on("end", () => resolve(JSON.parse(text)));
        answer.on("error", reject);
      });
      request.on("error", reject);
    });
  }
}
