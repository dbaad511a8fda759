import {
  type ExternalServiceError,
  isExternalServiceError,
  isServiceConfigurationError,
  isServiceRateLimitError,
  isServiceResponseError,
} from "../core/errors.ts";
import type { ServiceResponse } from "./response.ts";
import { matchOf, type StatusKey } from "./status-schemas.ts";

/** A call that succeeded, as a value. */
export interface SafeSuccess<T> {
  readonly ok: true;
  readonly value: T;
  /** The answer that the value comes from, with its status, headers and attempts. */
  readonly response: ServiceResponse;
}

/** A call that failed, as a value. */
export interface SafeFailure {
  readonly ok: false;
  readonly error: ExternalServiceError;
  /** Of the answer that the failure is; undefined where there was none, or where it was a success that cannot be read. */
  readonly status?: number | undefined;
  /** The key of the call's `schema` that the answer's status and body fit; undefined where none does. */
  readonly matched?: undefined;
  readonly body?: undefined;
}

/** A call that failed as one of its schemas says: `body` is of that schema's type. */
export interface MatchedFailure<Key extends number | string, Body> {
  readonly ok: false;
  readonly error: ExternalServiceError;
  /** Of the answer. */
  readonly status: number;
  readonly matched: Key;
  readonly body: Body;
}

/**
 * What every method of a service returns: the promise of its value, which rejects where the call fails; or, by
 * `safe()`, the promise of a result, which does not.
 */
export class ServiceCall<T, Matched = never, Unmatched = SafeFailure> extends Promise<T> {
  #response: ServiceResponse | undefined;

  /**
   * Keeps the answer that the value comes from.
   *
   * @internal
   */
  keep(response: ServiceResponse): ServiceResponse {
    this.#response = response;
    return response;
  }

  /**
   * The answer that the value of a call comes from, once it is there; undefined for any other promise.
   * @internal
   */
  static responseOf(promise: unknown): ServiceResponse | undefined {
    return promise instanceof ServiceCall ? promise.#response : undefined;
  }

  /**
   * The result of the call, whether it succeeds or fails. It rejects all the same for what is no result of a call:
   * arguments that are wrong (`ServiceConfigurationError`), the caller's own abort reason, and any other defect.
   */
  safe(): Promise<SafeSuccess<T> | Unmatched | Matched> {
    return this.then(
      (value) => ({ ok: true, value, response: this.#response as ServiceResponse }),
      // Keys, statuses and bodies are those of the schemas, or of the document, that the type was made of.
      (reason: unknown) => failed(reason) as Unmatched | Matched,
    );
  }
}

// As a promise of its own class it would be wrapped by each `await`, which costs three turns of the queue.
Reflect.defineProperty(ServiceCall.prototype, "constructor", { value: Promise });

/**
 * The result of any promise, such as that of a method of yours which makes several calls. Like `safe()` of a call, it
 * rejects for whatever is not a failed call.
 */
export async function safe<T>(
  promise: PromiseLike<T>,
): Promise<{ readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ExternalServiceError }> {
  try {
    return { ok: true, value: await promise };
  } catch (error) {
    return { ok: false, error: failureFrom(error) };
  }
}

function failed(reason: unknown): SafeFailure | MatchedFailure<StatusKey, unknown> {
  const error = failureFrom(reason);
  const isAnswer = isServiceResponseError(error) || isServiceRateLimitError(error);
  const status = isAnswer && error.status !== undefined ? { status: error.status } : {};
  // A match is one of an answer, which has a status.
  return { ok: false, error, ...status, ...matchOf(error) } as SafeFailure | MatchedFailure<StatusKey, unknown>;
}

function failureFrom(reason: unknown): ExternalServiceError {
  if (isExternalServiceError(reason) && !isServiceConfigurationError(reason)) return reason;
  throw reason;
}
