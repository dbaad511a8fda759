import type { Clock, Random } from "../core/clock.ts";
import type { BaseUrl } from "../core/endpoint.ts";
import type { Patience } from "./patience.ts";
import type { CallOptions, RequestOptions } from "./request.ts";
import type { ServiceResponse } from "./response.ts";
import type { StreamedResponse } from "./streamed-response.ts";

/** What those parts may do with their service that make several calls, or read an answer as it comes. */
export interface Caller {
  readonly service: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Below which every endpoint is, and every link that is followed. */
  readonly base: BaseUrl;
  readonly maxResponseBytes: number;
  readonly deadlineMs: number;
  /** Aborts when the service begins to close; its reason is the error that a wait then ends with. */
  readonly closing: AbortSignal;
  /** One call, its answer read to the end. */
  call(method: string, endpoint: string, options: RequestOptions, how?: CallHow): Promise<ServiceResponse>;
  /** The time of a call that is about to be made, for what comes after its answer. */
  patienceFor(options: CallOptions): Patience;
  /** One call that ends with the head of its answer. */
  open(method: string, endpoint: string, options: RequestOptions, how?: OpenHow): Promise<StreamedResponse>;
}

/** What a call asks for, beside what its own options say. */
export interface CallHow {
  /** @defaultValue "json" */
  readonly accept?: "json" | "anything" | undefined;
  /** Instead of that of every endpoint. */
  readonly base?: BaseUrl | undefined;
}

/** How an answer is read, beside what its call asks for. */
export interface ReadHow<T> extends CallHow {
  /** Makes the value of the call of it. What it throws is how the call failed. */
  readonly read: (response: ServiceResponse) => T | Promise<T>;
  /** Waited for before a call that failed on its way rejects with the error. */
  readonly failed?: ((error: unknown) => Promise<void>) | undefined;
}

/** How an answer is opened, beside what the call's own options say. */
export interface OpenHow {
  /** Instead of the service's `bodyIdleTimeoutMs`. */
  readonly bodyIdleTimeoutMs?: number | undefined;
  /** The media type that is asked for, unless the call's headers say another. */
  readonly accept?: string | undefined;
  /** The call may be made again although its method does not say so. */
  readonly isRepeatable?: boolean | undefined;
}
