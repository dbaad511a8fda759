import { isDeepStrictEqual } from "node:util";
import { Secret } from "../core/secret.ts";
import { fieldsOf, type Prepared } from "./build.ts";
import type { AnyDefinition } from "./definition.ts";
import { type Shown, shownSetting } from "./shown.ts";

/**
 * When a change holds: for calls, sends and pings from `now` on; from the `next-connection` of a stream on; or only
 * after a `restart` of the application, until when the former value holds.
 */
export type ReloadEffect = "now" | "next-connection" | "restart";

/** One setting that is another than before. */
export interface ReloadChange {
  readonly service: string;
  /** As it is given in the options: `retry.maxRetries`. */
  readonly option: string;
  /** What held before; not there for a secret, and where nothing was given. */
  readonly from?: Shown;
  readonly to?: Shown;
  readonly effect: ReloadEffect;
}

/** Of a stream, what is asked for only when a connection is made. */
const ofConnections = new Set(["baseUrl", "endpoint", "apiKey", "proxy", "connectTimeoutMs", "maxPayloadBytes"]);

/**
 * What is different between two readings of the settings of one service.
 *
 * @param takesOwn - whether the service takes its own settings while it runs: only its class knows what it made of them.
 */
export function changesOf(
  service: string,
  definition: AnyDefinition<unknown>,
  before: Prepared,
  after: Prepared,
  takesOwn: boolean,
): ReloadChange[] {
  return fieldsOf(definition).flatMap(({ option, isOwn = false, schema }) => {
    const was = valueAt(before, option);
    const is = valueAt(after, option);
    if (isDeepStrictEqual(revealed(was), revealed(is))) return [];
    const effect = isOwn && !takesOwn ? "restart" : definition.kind === "ws" ? streamEffect(option, was) : "now";
    return [{ service, option, ...side("from", option, was, schema), ...side("to", option, is, schema), effect }];
  });
}

function streamEffect(option: string, was: unknown): ReloadEffect {
  // A connection that was made without pings has nothing that would begin them.
  const isBegun = option === "pingIntervalMs" && was === false;
  return isBegun || ofConnections.has(option) ? "next-connection" : "now";
}

function side(name: "from" | "to", option: string, value: unknown, schema: unknown): { readonly from?: Shown } {
  if (value === undefined) return {};
  return { [name]: shownSetting(option, value, schema) };
}

/** The value of an option among those that a service is made with; `retry.maxRetries` is one within another. */
export function valueAt({ options }: Prepared, option: string): unknown {
  const [outer = "", inner] = option.split(".");
  const value = options[outer];
  if (inner === undefined) return value;
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[inner] : undefined;
}

const revealed = (value: unknown): unknown => (value instanceof Secret ? [value.reveal()] : value);
