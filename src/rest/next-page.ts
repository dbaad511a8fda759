import { type BaseUrl, endpointProblem, joinPath } from "../core/endpoint.ts";
import type { Fields } from "./fields.ts";
import { linkTarget } from "./link-header.ts";
import type { ServiceResponse } from "./response.ts";

/** One page, as it came. */
export interface Page<Body, Item> {
  /** From 1. */
  readonly number: number;
  readonly body: Body;
  readonly items: readonly Item[];
  readonly response: ServiceResponse;
}

/** Where the next page is: other query parameters, or a URL below the base; undefined where there is none. */
export type NextPage = { readonly params: Fields } | { readonly url: string } | undefined;

/**
 * How the next page is found.
 *
 * - `"link"`: the `Link` header with `rel="next"` (RFC 8288).
 * - `{ cursor }`: what the function finds goes as the query parameter `param` (`"cursor"` unless given).
 * - `{ page: "page" }`: the query parameter of this name counts up, from `first` (1). An empty page is the last, and,
 *   where `size` is given, one with fewer items.
 * - `{ offset: "offset" }`: the query parameter of this name is the number of items so far. Ends likewise.
 * - a function: decides by itself.
 */
export type NextStrategy<Body, Item> =
  | "link"
  | {
      readonly cursor: (page: Page<Body, Item>) => string | number | null | undefined;
      readonly param?: string | undefined;
    }
  | { readonly page: string; readonly first?: number | undefined; readonly size?: number | undefined }
  | { readonly offset: string; readonly size?: number | undefined }
  | ((page: Page<Body, Item>) => NextPage);

/** Why this is no strategy, or undefined where it is one. */
export function nextProblem(next: unknown): string | undefined {
  if (next === "link" || typeof next === "function") return undefined;
  const given = (typeof next === "object" && next !== null ? next : {}) as Readonly<Record<string, unknown>>;
  const isName = (value: unknown): boolean => typeof value === "string" && value !== "";
  const isCount = (value: unknown): boolean =>
    value === undefined || (Number.isSafeInteger(value) && (value as number) >= 0);
  const isOne =
    (typeof given["cursor"] === "function" && (given["param"] === undefined || isName(given["param"]))) ||
    (isName(given["page"]) && isCount(given["first"]) && isCount(given["size"])) ||
    (isName(given["offset"]) && isCount(given["size"]));
  if (isOne) return undefined;
  return 'next must be "link", { cursor, param? }, { page, first?, size? }, { offset, size? } or a function';
}

/** Why nothing can be counted up from what the first request asks for, or undefined where it can. */
export function startProblem<Body, Item>(strategy: NextStrategy<Body, Item>, params: Fields): string | undefined {
  if (typeof strategy !== "object" || "cursor" in strategy) return undefined;
  const name = "page" in strategy ? strategy.page : strategy.offset;
  const given = params[name];
  if (given === undefined || given === null || /^\d{1,15}$/.test(String(given))) return undefined;
  return `params.${name} must be a whole number, for the next pages are counted from it`;
}

/**
 * Where the page after this one is.
 *
 * @param so - `params`: those of the first request. `items`: how many came, with those of this page.
 */
export function nextPage<Body, Item>(
  strategy: NextStrategy<Body, Item>,
  page: Page<Body, Item>,
  so: { readonly params: Fields; readonly items: number },
): NextPage {
  if (typeof strategy === "function") return strategy(page);
  if (strategy === "link") {
    const url = linkTarget(page.response.headers["link"], "next");
    return url === undefined ? undefined : { url };
  }
  if ("cursor" in strategy) {
    const cursor = strategy.cursor(page);
    // An empty cursor is how many services say that there is no more.
    if (cursor === undefined || cursor === null || cursor === "") return undefined;
    return { params: { ...so.params, [strategy.param ?? "cursor"]: cursor } };
  }
  if (page.items.length === 0 || page.items.length < (strategy.size ?? 0)) return undefined;
  const [name, from, steps] =
    "page" in strategy ? [strategy.page, strategy.first ?? 1, page.number] : [strategy.offset, 0, so.items];
  const given = so.params[name];
  const start = given === undefined || given === null ? from : Number(given);
  return { params: { ...so.params, [name]: start + steps } };
}

/**
 * The endpoint that a link leads to, or why it must not be followed. A link may be relative to the page that it stands
 * on; wherever it leads, it stays below the base, for the credentials go with every call.
 *
 * @param current - the endpoint of the page that it stands on, filled in.
 */
export function endpointOfLink(
  url: string,
  base: BaseUrl,
  current: string,
): { readonly endpoint: string } | { readonly problem: string } {
  const here = base.origin + joinPath(base.path, current);
  if (!URL.canParse(url, here)) return { problem: "it is not a URL" };
  const { origin, pathname, search } = new URL(url, here);
  // Where to is shown by its origin alone: the rest of a link may hold a token.
  if (origin !== base.origin) return { problem: `it leads to ${origin}, which is not the service's origin` };
  if (pathname !== base.path && !pathname.startsWith(`${base.path}/`)) {
    return { problem: `it leads out of ${base.path}, the base of the service` };
  }
  // Braces would be taken for the placeholders of a template.
  const endpoint = (pathname.slice(base.path.length) + search).replaceAll("{", "%7B").replaceAll("}", "%7D");
  const problem = endpointProblem(endpoint);
  return problem === undefined ? { endpoint } : { problem: `its path ${problem}` };
}
