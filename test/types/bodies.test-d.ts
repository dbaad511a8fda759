// Compiled and never run: a line that must not compile says so above itself, and the compiler checks that it does not.
import { expectTypeOf } from "vitest";
import { z } from "zod";
import type { ExternalServiceError } from "../../src/core/errors.ts";
import type { ServiceResponse } from "../../src/rest/response.ts";
import type { Pagination } from "../../src/rest/pagination.ts";
import { RESTService } from "../../src/rest/rest-service.ts";
import { type SafeFailure, type SafeSuccess, safe, type ServiceCall } from "../../src/rest/service-call.ts";
import { hasErrorBody } from "../../src/rest/status-schemas.ts";

class Payments extends RESTService {}
declare const payments: Payments;

const Payment = z.object({ id: z.string() });
const Pending = z.object({ position: z.number() });
const NotFound = z.object({ missing: z.string() });
const Trouble = z.object({ trace: z.string() });

// Without a schema nothing is known; with one, its output is.
expectTypeOf(payments.getJson("/")).toEqualTypeOf<ServiceCall<unknown>>();
expectTypeOf(payments.getJson("/", { schema: undefined })).toEqualTypeOf<ServiceCall<unknown>>();
expectTypeOf(await payments.postJson("/", { json: 1, schema: Payment })).toEqualTypeOf<{ id: string }>();
expectTypeOf(payments.get("/")).toEqualTypeOf<ServiceCall<ServiceResponse>>();

// By status: the value is one of the successes.
const schema = { 200: Payment, 202: Pending, 404: NotFound, "5xx": Trouble };
expectTypeOf(await payments.getJson("/", { schema })).toEqualTypeOf<{ id: string } | { position: number }>();
expectTypeOf(await payments.getJson("/", { schema: { "2xx": Payment, 404: NotFound } })).toEqualTypeOf<{
  id: string;
}>();
// Where no success is described, none can be had.
expectTypeOf(await payments.getJson("/", { schema: { 404: NotFound } })).toEqualTypeOf<never>();

// As a result: narrowed by `ok`, then by the key that matched.
const result = await payments.getJson("/", { schema }).safe();
if (result.ok) {
  expectTypeOf(result.value).toEqualTypeOf<{ id: string } | { position: number }>();
  expectTypeOf(result.response).toEqualTypeOf<ServiceResponse>();
} else {
  expectTypeOf(result.error).toEqualTypeOf<ExternalServiceError>();
  expectTypeOf(result.matched).toEqualTypeOf<404 | "5xx" | undefined>();
  if (result.matched === 404) expectTypeOf(result.body).toEqualTypeOf<{ missing: string }>();
  if (result.matched === "5xx") expectTypeOf(result.body).toEqualTypeOf<{ trace: string }>();
  if (result.matched === undefined) expectTypeOf(result.body).toEqualTypeOf<undefined>();
  // @ts-expect-error: no schema has this key.
  if (result.matched === 409) throw result.error;
}
expectTypeOf(await payments.get("/").safe()).toEqualTypeOf<SafeSuccess<ServiceResponse> | SafeFailure>();
expectTypeOf(await safe(Promise.resolve(1))).toExtend<{ ok: true; value: number } | { ok: false; error: unknown }>();

// As an error: the body has its type without a cast.
declare const error: unknown;
if (hasErrorBody(error, NotFound)) expectTypeOf(error.body).toEqualTypeOf<{ missing: string }>();

// @ts-expect-error: what is no schema is none by status either.
void payments.getJson("/", { schema: { 200: { id: "string" } } });

// Pages: the items are those of the schema, or of the function that finds them.
const Events = z.object({ data: z.array(Payment), next: z.string().nullable() });
expectTypeOf(payments.paginate("/payments", { schema: z.array(Payment) })).toEqualTypeOf<
  Pagination<{ id: string }[], { id: string }>
>();
const events = payments.paginate("/events", {
  schema: Events,
  items: ({ data }) => data,
  next: { cursor: ({ body }) => body.next, param: "after" },
});
expectTypeOf(events).toExtend<AsyncIterable<{ id: string }>>();
expectTypeOf(await events.toArray()).toEqualTypeOf<{ id: string }[]>();
for await (const page of events.pages()) expectTypeOf(page.body.next).toEqualTypeOf<string | null>();
expectTypeOf(payments.paginate("/payments")).toEqualTypeOf<Pagination<unknown, unknown>>();

// Waits: the value is that of the schema, or of the function that asks.
expectTypeOf(
  await payments.waitFor("/jobs/1", { schema: Pending, until: ({ value }) => value.position === 0 }),
).toEqualTypeOf<{ position: number }>();
expectTypeOf(
  await payments.waitFor(() => payments.getJson("/jobs/1", { schema: Payment }), {
    until: ({ value }) => value.id !== "",
  }),
).toEqualTypeOf<{ id: string }>();
