import type { ExternalServiceError } from "../core/errors.ts";
import { publish } from "../core/events.ts";
import type { Logger } from "../core/logger.ts";
import type { StreamState } from "./connection/connection-model.ts";
import type { LiveConnection } from "./connection/live-connection.ts";

/** Tells subscribers and the log that a stream is in another state, or another step of it. */
export function announce(
  service: string,
  state: StreamState,
  { now, logger }: { readonly now: number; readonly logger: Logger | undefined },
): void {
  const cause = "cause" in state ? state.cause : state.name === "failed" ? state.error : undefined;
  const delayMs = delayOf(state, now);
  const entry = {
    state: state.name,
    generation: state.generation,
    ...(cause === undefined ? {} : { code: cause.code }),
    ...(delayMs === undefined ? {} : { delayMs }),
  };
  publish("hawser:stream", { service, ...entry });
  const message = `stream ${state.name}`;
  if (logger === undefined) return;
  if (state.name === "failed") logger.error({ ...entry, err: state.error }, message);
  else if (delayMs !== undefined) logger.info({ ...entry, cause: cause?.message }, message);
  else if (state.name === "open" || state.name === "closed") logger.info(entry, message);
  else logger.debug(entry, message);
}

/** Tells subscribers that an attempt to connect is over: with an error, or ready. */
export function announceAttempt(
  service: string,
  { generation, endpoint, dialledAt }: LiveConnection,
  now: number,
  error: ExternalServiceError | undefined,
): void {
  publish("hawser:stream:attempt", {
    service,
    generation,
    ...(endpoint === undefined ? {} : { endpoint }),
    durationMs: Math.round(now - dialledAt),
    ...(error === undefined ? {} : { code: error.code }),
  });
}

function delayOf(state: StreamState, now: number): number | undefined {
  if (state.name !== "connecting" && state.name !== "reconnecting") return undefined;
  return state.step.at === "waiting" ? Math.round(state.step.until - now) : undefined;
}
