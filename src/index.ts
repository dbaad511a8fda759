export { type Clock, type Random, systemClock, systemRandom, type Timer } from "./core/clock.ts";
export { ClientGoneError } from "./core/client-gone.ts";
export { answerForError, type AnswerForError, type ErrorAnswer, type ProblemBody } from "./core/error-answer.ts";
export { currentDeadline, withDeadline, withoutDeadline } from "./core/deadline.ts";
export {
  currentRequest,
  type DeadlineScope,
  type RequestLimits,
  type RequestScope,
  type TraceHeaders,
  withRequest,
} from "./core/request-scope.ts";
export type { TraceContext } from "./core/trace-context.ts";
export { type DescribedSetting, type DescribedStage, ServiceDescription } from "./core/description.ts";
export * from "./core/errors.ts";
export { type ServiceEvents, subscribe } from "./core/events.ts";
export { BaseExternalService, type ExternalServiceOptions, type ServiceParts } from "./core/external-service.ts";
export type { HealthReport, HealthStatus } from "./core/health.ts";
export type { LifecycleState } from "./core/lifecycle.ts";
export { jsonLogger, type Logger, type LogLevel, type LogMethod, silentLogger } from "./core/logger.ts";
export type { OptionOrigin } from "./core/options.ts";
export { Secret } from "./core/secret.ts";
export type { TlsOptions } from "./core/tls.ts";
export {
  createRestClient,
  createWsClient,
  getRestClient,
  getServiceClient,
  getWsClient,
  initializeServices,
  shutdownServices,
} from "./registry/default-registry.ts";
export {
  type CustomContext,
  type CustomHealth,
  type CustomServiceOptions,
  type NeededServices,
  service,
} from "./registry/custom-service.ts";
export { defineServices } from "./registry/define.ts";
export * from "./registry/setting-schemas.ts";
export { environmentFrom, type EnvironmentFile, type EnvironmentSource } from "./registry/environment-from.ts";
export type {
  EnvOf,
  EnvOfDefinitions,
  NoSettings,
  RestSuffix,
  SettingSchemas,
  SettingSuffix,
  SettingValues,
  UpperSnake,
  WsSuffix,
} from "./registry/env-of.ts";
export {
  type AnyDefinition,
  type AnyStreamOptions,
  type AnyWebSocketService,
  type CommonDefinitionOptions,
  type DefinitionOptions,
  type GivenOptions,
  rest,
  type ServiceDefinition,
  ws,
} from "./registry/definition.ts";
export { type HealthAnswer, healthAnswer } from "./registry/health-answer.ts";
export type { Register, RegisteredServices } from "./registry/register.ts";
export type { RegistryHealth } from "./registry/registry-health.ts";
export * from "./registry/service-registry.ts";
export {
  type StopOnSignalsOptions,
  type StopSignal,
  type StoppableServices,
  stopOnSignals,
} from "./registry/stop-on-signals.ts";
export type { Environment } from "./core/environment.ts";
export type { ChaosOptions } from "./resilience/chaos.ts";
export type { CircuitBreakerOptions } from "./resilience/circuit-breaker.ts";
export type { ConcurrencyOptions } from "./resilience/concurrency-limit.ts";
export { explain, Explanation } from "./resilience/explain.ts";
export type { HedgeOptions } from "./resilience/hedge.ts";
export type { RateLimitOptions } from "./resilience/rate-gate.ts";
export type { RetryBudgetOptions } from "./resilience/retry-budget.ts";
export type { RetryOptions } from "./resilience/retry.ts";
export type { StageOptions } from "./resilience/stages.ts";
export type { AnswerHeaders, AnswerTimings } from "./rest/answer.ts";
export type { BodyOptions } from "./rest/body.ts";
export type { BodyStream, StreamSource } from "./rest/body-stream.ts";
export type { Downloaded, DownloadOptions, DownloadProgress } from "./rest/download.ts";
export type { EventsOptions } from "./rest/events.ts";
export type { Fields, FieldValue } from "./rest/fields.ts";
export type { LinesBroken, LinesOptions } from "./rest/lines.ts";
export type { MultipartBody, Part, PartValue } from "./rest/multipart.ts";
export type { NextPage, NextStrategy, Page } from "./rest/next-page.ts";
export * from "./rest/auth/bearer.ts";
export * from "./rest/auth/fixed.ts";
export * from "./rest/auth/hmac.ts";
export type * from "./core/auth/provider.ts";
export type { RESTServiceOptions } from "./rest/options.ts";
export { type ItemOf, type PaginateOptions, Pagination } from "./rest/pagination.ts";
export type { CallOptions, RequestOptions } from "./rest/request.ts";
export { type ResponseTimings, ServiceResponse } from "./rest/response.ts";
export type { OtherFailure, StatusFailure } from "./rest/openapi-answer.ts";
export type { OperationAnswer, OperationArguments, OperationResponse } from "./rest/openapi-arguments.ts";
export {
  type AnyRESTService,
  type OpenAPIService,
  RESTService,
  type RESTServiceClass,
} from "./rest/openapi-service.ts";
export type * as OpenAPI from "./rest/openapi-types.ts";
export type { RESTService as PlainRESTService, StreamOptions, WithSchema } from "./rest/rest-service.ts";
export type { ResumeOptions } from "./rest/resumption.ts";
export type { ServerSentEvent } from "./rest/sse.ts";
export * from "./rest/service-call.ts";
export {
  type OutputOf,
  type ErrorWithBody,
  type FailuresOf,
  hasErrorBody,
  type StatusKey,
  type StatusSchemas,
  type SuccessOf,
} from "./rest/status-schemas.ts";
export { StreamedResponse } from "./rest/streamed-response.ts";
export type { OnProgress, UploadProgress } from "./rest/upload-progress.ts";
export type { Polled, WaitForOptions, WaitOptions } from "./rest/wait-for.ts";
export type { CacheOptions, TransportOptions } from "./rest/transport-options.ts";
export type { OutboxLimits } from "./websocket/send/backlog.ts";
export type { Classify, ConnectionEnd, Verdict } from "./websocket/connection/close-codes.ts";
export type { MessageCodec } from "./websocket/codecs/codec.ts";
export { bytes, json, text } from "./websocket/codecs/codecs.ts";
export type {
  AttemptStep,
  Backoff,
  DialStage,
  StreamAttempt,
  StreamState,
  Successor,
} from "./websocket/connection/connection-model.ts";
export type { DedupeOptions, MessageId } from "./websocket/resume/dedupe.ts";
export type { DisconnectEvent } from "./websocket/connection/disconnect-event.ts";
export type { CompressionOptions } from "./websocket/flow-options.ts";
export type { Heartbeat } from "./websocket/connection/heartbeat.ts";
export type { InboxLimits, LaneDepth } from "./websocket/receive/inbox.ts";
export type { JsonRpcCall } from "./websocket/requests/json-rpc.ts";
export type { KeyedConcurrency } from "./websocket/receive/keyed-lane.ts";
export type { ConsumerName } from "./websocket/receive/lane.ts";
export type { MessageIterator } from "./websocket/receive/message-iterator.ts";
export type { CommonStreamOptions, WebSocketServiceOptions } from "./websocket/options.ts";
export type { UnsentMessage } from "./websocket/send/outgoing.ts";
export type { AttemptContext, PerAttempt } from "./websocket/dial/per-attempt.ts";
export type { StreamTransport, StreamTransportTarget } from "./websocket/dial/stream-transport.ts";
export type { Offset, Position } from "./websocket/resume/positions.ts";
export type { ReconnectOptions, RotateOptions } from "./websocket/connection/reconnect-options.ts";
export type { Filling, Gap, GapReason, MissedGap, StreamResumeOptions } from "./websocket/resume/resume-options.ts";
export type { RttSummary } from "./websocket/connection/rtt.ts";
export type { MatchedRequestOptions, SendOptions, StreamWaitOptions } from "./websocket/send/sender.ts";
export type { FailedEvent, StreamRemains } from "./websocket/stream-owner.ts";
export type { StreamStats } from "./websocket/stream-stats.ts";
export type { Subscription } from "./websocket/subscriptions/subscription.ts";
export type {
  RefusedKey,
  SubscribeContext,
  SubscriptionOptions,
} from "./websocket/subscriptions/subscription-options.ts";
export type { HandlerOptions, MessageHandler } from "./websocket/handler-options.ts";
export { WebSocketService } from "./websocket/websocket-service.ts";
