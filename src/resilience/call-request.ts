import type { Attempt, Call, CallLimits } from "./call.ts";
import type { AttemptEnd } from "./outcome.ts";
import type { RetryLimits } from "./retry.ts";

/** One logical operation, as the executor sees it. */
export interface CallRequest<T> extends CallLimits {
  readonly retry: RetryLimits;
  /** Within this call: the method is idempotent, or one key goes with every attempt. */
  readonly isRepeatable: boolean;
  /** Also by a later call: the method is idempotent, or the caller chose the key. */
  readonly isRepeatableLater: boolean;
  /** The body can be produced again. */
  readonly isReplayable: boolean;
  /** Makes one attempt. It does not reject, and it ends promptly once it is interrupted. */
  attempt(attempt: Attempt): Promise<AttemptEnd<T>>;
}

/** A call under way, with what it was asked for. */
export type RequestedCall<T> = Call<CallRequest<T>>;
