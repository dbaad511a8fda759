import type { StandardSchemaV1 } from "@standard-schema/spec";
import { ServiceConfigurationError, ServiceDecodeError } from "../core/errors.ts";
import { OptionReader } from "../core/options.ts";
import { readSchema } from "../core/schema.ts";
import { requestIdOf } from "./answer.ts";
import type { Caller } from "./caller.ts";
import {
  endpointOfLink,
  nextPage,
  nextProblem,
  type NextPage,
  type NextStrategy,
  type Page,
  startProblem,
} from "./next-page.ts";
import type { CallOptions } from "./request.ts";
import type { ServiceResponse } from "./response.ts";

/** How pages are asked for, and how many. */
export interface PaginateOptions<Body, Item> extends CallOptions {
  /** @defaultValue "link" */
  readonly next?: NextStrategy<Body, Item> | undefined;
  /** The items of a page. @defaultValue the body itself, which then must be a list */
  readonly items?: ((body: Body) => readonly Item[]) | undefined;
  /** No more pages than these are asked for. @defaultValue Infinity, but more than 10,000 pages are an error */
  readonly maxPages?: number | undefined;
  /** No more items than these are handed out. @defaultValue Infinity */
  readonly maxItems?: number | undefined;
  /** For all pages together, and what is done between them. Without it, each page has the service's own deadline. */
  readonly deadlineMs?: number | undefined;
}

/** The element of a list; of anything else, nothing is known. */
export type ItemOf<Body> = Body extends readonly (infer Item)[] ? Item : unknown;

// A service that hands out cursors for ever, each with an empty page, is not waited for.
const endlessPages = 10_000;

interface Plan<Body, Item> {
  readonly caller: Caller;
  readonly endpoint: string;
  readonly call: CallOptions;
  readonly schema: StandardSchemaV1 | undefined;
  readonly next: NextStrategy<Body, Item>;
  readonly items: ((body: Body) => readonly Item[]) | undefined;
  readonly maxPages: number;
  readonly isBounded: boolean;
  readonly maxItems: number;
}

/**
 * Items that come in pages: iterated one by one, page by page with `pages()`, or all at once with `toArray()`. Each
 * iteration begins with the first page; a page is asked for when it is needed, so leaving early leaves nothing open.
 */
export class Pagination<Body, Item> implements AsyncIterable<Item> {
  readonly #plan: Plan<Body, Item>;

  /** @internal */
  constructor(
    caller: Caller,
    endpoint: string,
    options: PaginateOptions<Body, Item> & { readonly schema?: StandardSchemaV1 | undefined },
  ) {
    const { next = "link", items, maxPages, maxItems, schema, ...call } = options;
    const reader = new OptionReader(caller.service, { next, items, maxPages, maxItems, schema });
    const problem = nextProblem(reader.any("next")) ?? startProblem(next, call.params ?? {});
    if (problem !== undefined) reader.problem(problem);
    this.#plan = {
      caller,
      endpoint,
      call,
      schema: readSchema(reader),
      next,
      items: reader.function("items"),
      maxPages: reader.number("maxPages", endlessPages, { min: 1, whole: true }),
      isBounded: maxPages !== undefined,
      maxItems: reader.number("maxItems", Number.POSITIVE_INFINITY, { min: 1, whole: true }),
    };
    reader.finish();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, undefined> {
    for await (const { items } of this.pages()) yield* items;
    return undefined;
  }

  /** All items, in a list: mind the memory, and set `maxItems`. */
  async toArray(): Promise<Item[]> {
    const all: Item[] = [];
    // One by one: as arguments of one push, a page of a hundred thousand items would overflow the stack.
    for await (const item of this) all.push(item);
    return all;
  }

  /** Page by page, each with its body and its response. The last one is cut to `maxItems`. */
  async *pages(): AsyncGenerator<Page<Body, Item>, undefined> {
    const { caller, call, maxPages, maxItems, next } = this.#plan;
    const endsAt = call.deadlineMs === undefined ? undefined : caller.clock.now() + call.deadlineMs;
    const params = call.params ?? {};
    const seen = new Set<string>();
    let endpoint = this.#plan.endpoint;
    let options = call;
    let count = 0;
    for (let number = 1; number <= maxPages; number++) {
      // A deadline that has passed is told by the call itself, as every other is.
      const limit = endsAt === undefined ? {} : { deadlineMs: Math.max(endsAt - caller.clock.now(), Number.MIN_VALUE) };
      const page = await this.#page(number, endpoint, { ...options, ...limit });
      const items = page.items.slice(0, maxItems - count);
      count += items.length;
      yield { ...page, items };
      if (count >= maxItems) return undefined;
      const following = nextPage(next, page, { params, items: count });
      if (following === undefined) return undefined;
      const key = JSON.stringify("url" in following ? following.url : following.params);
      if (seen.has(key)) throw this.#astray(page.response, "the pages lead in a circle: this one was there before");
      seen.add(key);
      [endpoint, options] = this.#follow(following, endpoint, options, page.response);
      if (number === maxPages && !this.#plan.isBounded) {
        throw this.#astray(page.response, `there is no end of pages (${maxPages} came): set maxPages or maxItems`);
      }
    }
    return undefined;
  }

  async #page(number: number, endpoint: string, options: CallOptions): Promise<Page<Body, Item>> {
    const { caller, schema, items: itemsOf } = this.#plan;
    const patience = caller.patienceFor(options);
    const response = await caller.call("GET", endpoint, options);
    // Without a schema, Body is unknown.
    const body = (schema === undefined ? response.json() : await response.jsonWithin(schema, patience)) as Body;
    const items: unknown = itemsOf === undefined ? body : itemsOf(body);
    if (Array.isArray(items)) return { number, body, items: items as readonly Item[], response };
    if (itemsOf === undefined)
      throw this.#decodeError(response, "schema", "the page is not a list: say where its items are");
    throw new ServiceConfigurationError(caller.service, [`GET ${this.#plan.endpoint}: items must return a list`]);
  }

  #follow(
    following: NonNullable<NextPage>,
    endpoint: string,
    options: CallOptions,
    response: ServiceResponse,
  ): [string, CallOptions] {
    if ("params" in following) return [endpoint, { ...options, params: following.params }];
    const { path: _path, params: _params, ...others } = options;
    const found = endpointOfLink(following.url, this.#plan.caller.base, pathOf(endpoint, options));
    if ("problem" in found) throw this.#astray(response, `the next page cannot be followed: ${found.problem}`);
    return [found.endpoint, others];
  }

  #astray(response: ServiceResponse, detail: string): ServiceDecodeError {
    return this.#decodeError(response, "next-page", detail);
  }

  #decodeError(response: ServiceResponse, fault: "schema" | "next-page", detail: string): ServiceDecodeError {
    const { caller, endpoint } = this.#plan;
    return new ServiceDecodeError(fault, {
      service: caller.service,
      operation: `GET ${endpoint.split("?", 1)[0] ?? ""}`,
      phase: "decode",
      outcome: "accepted",
      attempts: response.attempts,
      elapsedMs: response.timings.totalMs,
      requestId: requestIdOf(response.headers),
      status: response.status,
      detail,
    });
  }
}

/** What a relative link is resolved against; a query of its own (`?page=2`) keeps the path of the page. */
function pathOf(endpoint: string, { path = {} }: CallOptions): string {
  return endpoint.replaceAll(/\{([^{}]*)\}/g, (_all, name: string) =>
    encodeURIComponent(String(path[name]).toWellFormed()),
  );
}
