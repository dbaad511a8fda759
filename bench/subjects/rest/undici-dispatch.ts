import { type Dispatcher, Pool } from "undici";
import type { Client } from "../../measure-calls.ts";
import type { RestWork } from "../../rest-work.ts";
import { headersOf } from "./undici.ts";

export async function open(work: RestWork): Promise<Client> {
  const { origin, path, method, json, concurrency } = work;
  const pool = new Pool(origin, { connections: concurrency });
  const headers = headersOf(work);
  return {
    call: () =>
      new Promise((resolve, reject) => {
        const body = json === undefined ? null : JSON.stringify(json);
        pool.dispatch({ origin, path, method, headers, body }, new Collector(resolve, reject));
      }),
    [Symbol.asyncDispose]: () => pool.destroy(),
  };
}

/** Collects one answer and parses it; no stream in between. */
class Collector implements Dispatcher.DispatchHandler {
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: Error) => void;
  readonly #chunks: Buffer[] = [];

  constructor(resolve: (value: unknown) => void, reject: (error: Error) => void) {
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onRequestStart(): void {
    // undici wants it to be there.
  }

  onResponseStart(_controller: unknown, status: number): void {
    if (status !== 200) this.#reject(new Error(`answered ${status}`));
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [first] = this.#chunks;
    const whole = this.#chunks.length === 1 && first !== undefined ? first : Buffer.concat(this.#chunks);
    this.#resolve(JSON.parse(whole.toString()));
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#reject(error);
  }
}
