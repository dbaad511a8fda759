import createClient, { type ClientOptions } from "openapi-fetch";
import pRetry from "p-retry";
import type { Client } from "../../measure-calls.ts";
import type { RestWork } from "../../rest-work.ts";

/** What openapi-typescript would have made of the server's document. */
interface Paths {
  readonly "/json/{bytes}": {
    readonly get: {
      readonly parameters: { readonly path: { readonly bytes: string } };
      readonly responses: Answer;
    };
    readonly post: {
      readonly parameters: { readonly path: { readonly bytes: string } };
      readonly requestBody: { readonly content: { readonly "application/json": unknown } };
      readonly responses: Answer;
    };
  };
}

interface Answer {
  readonly 200: { readonly content: { readonly "application/json": unknown } };
}

export async function openBare(work: RestWork): Promise<Client> {
  return clientOf(work, {});
}

/** Its middleware sees a request before and after, and cannot send it again: that is for a `fetch` of one's own. */
export async function openRetrying(work: RestWork): Promise<Client> {
  const attempt = async (request: Request): Promise<Response> => {
    const response = await fetch(request.clone(), { signal: AbortSignal.timeout(10_000) });
    if (response.status >= 500) throw new Error(`answered ${response.status}`);
    return response;
  };
  return clientOf(work, { fetch: (request) => pRetry(() => attempt(request), { retries: 2, randomize: true }) });
}

function clientOf({ origin, path, json }: RestWork, options: ClientOptions): Client {
  const client = createClient<Paths>({ baseUrl: origin, ...options });
  const params = { path: { bytes: path.slice("/json/".length) } };
  return {
    call: async () => {
      const { data, response } =
        json === undefined
          ? await client.GET("/json/{bytes}", { params })
          : await client.POST("/json/{bytes}", { params, body: json });
      if (data === undefined) throw new Error(`answered ${response.status}`);
      return data;
    },
    // openapi-fetch calls Node's own fetch, whose connections end with the process.
    [Symbol.asyncDispose]: async () => undefined,
  };
}
