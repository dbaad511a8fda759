// The types that those of a service are made of, for the one name under which they are exported.
export type * from "./openapi-answer.ts";
export type * from "./openapi-arguments.ts";
export type * from "./openapi-operation.ts";
export type { RESTServiceOfAny } from "./openapi-service.ts";
