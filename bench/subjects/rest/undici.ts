import { type Dispatcher, interceptors, Pool } from "undici";
import type { Client } from "../../measure-calls.ts";
import type { RestWork } from "../../suites/rest.ts";

const jsonHeaders = { accept: "application/json" };
const bodyHeaders = { ...jsonHeaders, "content-type": "application/json" };

/** The baseline: `Pool.request`, and its body read as JSON. */
export async function openRequest(work: RestWork): Promise<Client> {
  const pool = new Pool(work.origin, { connections: work.concurrency });
  return clientOf(pool, work);
}

export async function openRetrying(work: RestWork): Promise<Client> {
  const limits = { headersTimeout: 10_000, bodyTimeout: 10_000 };
  const pool = new Pool(work.origin, { connections: work.concurrency, ...limits });
  return clientOf(pool.compose(interceptors.retry({ maxRetries: 2 })), work);
}

function clientOf(dispatcher: Dispatcher, work: RestWork): Client {
  return {
    call: () => requestJson(dispatcher, work),
    [Symbol.asyncDispose]: () => dispatcher.destroy(),
  };
}

/** One call as applications write it. */
export async function requestJson(
  dispatcher: Dispatcher,
  { origin, path, method, json }: RestWork,
  signal?: AbortSignal,
): Promise<unknown> {
  const { statusCode, body } = await dispatcher.request({
    origin,
    path,
    method,
    headers: json === undefined ? jsonHeaders : bodyHeaders,
    body: json === undefined ? null : JSON.stringify(json),
    ...(signal === undefined ? {} : { signal }),
  });
  if (statusCode !== 200) throw new Error(`answered ${statusCode}`);
  return body.json();
}

export async function openDispatch({ origin, path, method, json, concurrency }: RestWork): Promise<Client> {
  const pool = new Pool(origin, { connections: concurrency });
  const headers = json === undefined ? jsonHeaders : bodyHeaders;
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
