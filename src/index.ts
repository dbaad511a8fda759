export { type Clock, type Random, systemClock, systemRandom, type Timer } from "./core/clock.ts";
export { currentDeadline, type DeadlineScope, withDeadline } from "./core/deadline.ts";
export {
  type AttemptRecord,
  type ConnectionFault,
  type DecodeFault,
  type DecodeIssue,
  type ErrorCode,
  type ErrorFacts,
  ExternalServiceError,
  isExternalServiceError,
  isServiceConfigurationError,
  isServiceConnectionError,
  isServiceDecodeError,
  isServiceRateLimitError,
  isServiceResponseError,
  isServiceTimeoutError,
  isServiceUnavailableError,
  type Outcome,
  type Phase,
  type ProblemDetails,
  ServiceConfigurationError,
  ServiceConnectionError,
  ServiceDecodeError,
  ServiceRateLimitError,
  ServiceResponseError,
  ServiceTimeoutError,
  ServiceUnavailableError,
  type TimeoutLimit,
  type UnavailableReason,
} from "./core/errors.ts";
export { type ServiceEvents, subscribe } from "./core/events.ts";
export { BaseExternalService, type ExternalServiceOptions, type ServiceParts } from "./core/external-service.ts";
export type { HealthReport, HealthStatus } from "./core/health.ts";
export type { LifecycleState } from "./core/lifecycle.ts";
export { jsonLogger, type Logger, type LogMethod, silentLogger } from "./core/logger.ts";
export { Secret } from "./core/secret.ts";
export type { RetryOptions } from "./resilience/retry.ts";
export type { AnswerHeaders, AnswerTimings } from "./rest/answer.ts";
export type { BodyOptions, BodyStream, Fields, FieldValue } from "./rest/body.ts";
export type { RESTServiceOptions, TlsOptions } from "./rest/options.ts";
export type { CallOptions, RequestOptions } from "./rest/request.ts";
export { type ResponseTimings, ServiceResponse } from "./rest/response.ts";
export { RESTService, type WithSchema } from "./rest/rest-service.ts";
