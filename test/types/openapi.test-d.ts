// Compiled and never run: what of a document the compiler checks.
import {
  type AnyRESTService,
  createRestClient,
  defineServices,
  type ExternalServiceError,
  type Fake,
  getRestClient,
  rest,
  RESTService,
  type RESTServiceOptions,
  type ServiceResponse,
} from "hawser";
import { expectTypeOf } from "vitest";
import { z } from "zod";
import { Galaxy, type components, type paths } from "../../examples/galaxy.ts";

type Planet = components["schemas"]["Planet"];

class Plain extends RESTService<paths> {
  constructor(options: RESTServiceOptions) {
    super({ endpointBase: "/v1", ...options });
  }

  planet(planetId: number): Promise<Planet> {
    this.logger.debug({ planetId }, "asked for");
    return this.getJson("/planets/{planetId}", { path: { planetId } });
  }
}
declare const plain: Plain;
declare class Service extends RESTService<paths> {}
declare const service: Service;
declare const galaxy: Galaxy;
const path = { planetId: 1 };

// A class of one's own, for the documents of several services.
abstract class Company<Paths extends object> extends RESTService<Paths> {
  protected who(): string {
    return `${this.name} (${this.lifecycle})`;
  }
}
class CompanyGalaxy extends Company<paths> {
  first() {
    return this.getJson("/planets/{planetId}", { path: { planetId: this.who().length } });
  }
}

// What calls resolve to.
expectTypeOf(await service.getJson("/planets/{planetId}", { path })).toEqualTypeOf<Planet>();
expectTypeOf(await galaxy.getPlanet({ path })).toEqualTypeOf<Planet>();
expectTypeOf(await new CompanyGalaxy({ name: "galaxy", baseUrl: Galaxy.serverUrl }).first()).toEqualTypeOf<Planet>();
expectTypeOf(await service.deleteJson("/planets/{planetId}", { path })).toEqualTypeOf<undefined>();
expectTypeOf(await service.get("/planets")).toEqualTypeOf<ServiceResponse>();
expectTypeOf(await service.getJson("/planets", { schema: z.object({ data: z.string() }) })).toEqualTypeOf<{
  data: string;
}>();
expectTypeOf(
  await service.waitFor("/planets/{planetId}", { path, until: ({ value }) => value.name === "Mars" }),
).toEqualTypeOf<Planet>();
for await (const name of service.paginate("/planets/{planetId}", { path, items: ({ name: one }) => [one] })) {
  expectTypeOf(name).toEqualTypeOf<string>();
}
await service.stream("/planets");
await service.stream("/planets", { method: "POST", json: { name: "Mars", type: "terrestrial" } });
await service.download("/planets", { to: "planets.json", params: { limit: 1 } });

// What failures are, by their status.
const result = await service.getJson("/planets/{planetId}", { path }).safe();
if (result.ok) expectTypeOf(result.value).toEqualTypeOf<Planet>();
else if (result.status === 404) expectTypeOf(result.error.body.title).toEqualTypeOf<string | undefined>();
else expectTypeOf(result.error).toEqualTypeOf<ExternalServiceError>();
// @ts-expect-error: what a 500 holds is not in the document
if (!result.ok && result.status === 500) void result.error.body;
// @ts-expect-error: no status that an answer can have
if (!result.ok && result.status === 704) void result;

interface ByClass {
  readonly "/thing": {
    readonly get: {
      readonly parameters: {
        readonly query: { readonly tags: string[]; readonly filter?: { readonly name?: string } };
      };
      readonly responses: {
        readonly 200: { readonly content: { readonly "application/json": { readonly thing: 1 } } };
        readonly 202: { readonly content?: never };
        readonly 409: { readonly content: { readonly "application/problem+json": { readonly conflict: 1 } } };
        readonly "4XX": { readonly content: { readonly "application/json": { readonly client: 1 } } };
        readonly default: { readonly content: { readonly "application/json": { readonly other: 1 } } };
      };
    };
    readonly post: {
      readonly parameters: { readonly header: { readonly "X-Version": "1" } };
      readonly requestBody: {
        readonly content: {
          readonly "application/x-www-form-urlencoded": { readonly name: string };
          readonly "multipart/form-data": { readonly scan: string };
          readonly "application/octet-stream": string;
        };
      };
      readonly responses: { readonly 200: { readonly content: { readonly "text/csv": string } } };
    };
  };
}
declare class Things extends RESTService<ByClass> {}
declare const things: Things;
const tags = ["a", "b"];
expectTypeOf(await things.getJson("/thing", { params: { tags } })).toEqualTypeOf<{ readonly thing: 1 } | undefined>();
const thing = await things.getJson("/thing", { params: { tags, filter: "as the service has it" } }).safe();
if (!thing.ok && thing.status === 409) expectTypeOf(thing.error.body).toEqualTypeOf<{ readonly conflict: 1 }>();
if (!thing.ok && thing.status === 404) expectTypeOf(thing.error.body).toEqualTypeOf<{ readonly client: 1 }>();
if (!thing.ok && thing.status === 503) expectTypeOf(thing.error.body).toEqualTypeOf<{ readonly other: 1 }>();
if (!thing.ok && thing.status === undefined) expectTypeOf(thing.error).toEqualTypeOf<ExternalServiceError>();
expectTypeOf(await things.postJson("/thing", { form: { name: "a" } })).toEqualTypeOf<unknown>();
await things.post("/thing", { multipart: { scan: new Blob([]) }, headers: { "X-Version": "1", "x-other": "2" } });
await things.post("/thing", { multipart: new FormData() });
await things.post("/thing", { bytes: new Uint8Array() });
await things.post("/thing", { stream: () => new Blob([]).stream() });

await service.postJson("/celestial-bodies", { json: { name: "Mars", type: "terrestrial" } });
await service.postJson("/celestial-bodies", { json: { name: "Phobos", type: "moon", diameter: 22.2 } });

// What does not compile.
// @ts-expect-error: no such path
await service.getJson("/plantes");
// @ts-expect-error: the path has no PUT
await service.putJson("/planets", { json: {} });
// @ts-expect-error: no path has PATCH
await service.patch("/planets");
// @ts-expect-error: the path has a parameter
await service.getJson("/planets/{planetId}");
// @ts-expect-error: it has another name
await service.getJson("/planets/{planetId}", { path: { planetID: 1 } });
// @ts-expect-error: it is a number
await service.getJson("/planets/{planetId}", { path: { planetId: "one" } });
// @ts-expect-error: it is filled in by `path` alone
await service.getJson(`/planets/${path.planetId}`);
// @ts-expect-error: no such query parameter
await service.getJson("/planets", { params: { limt: 1 } });
// @ts-expect-error: it is a number
await service.getJson("/planets", { params: { limit: "1" } });
// @ts-expect-error: there is one that is required
await things.getJson("/thing");
// @ts-expect-error: an object is not something that a query is made of
await things.getJson("/thing", { params: { tags, filter: { name: "a" } } });
// @ts-expect-error: the operation has no body
await service.getJson("/planets", { json: {} });
// @ts-expect-error: the body is required
await things.post("/thing");
// @ts-expect-error: it is none of JSON
await things.post("/thing", { json: { name: "a" } });
// @ts-expect-error: the field has another name
await things.post("/thing", { form: { nmae: "a" } });
// @ts-expect-error: a planet has a type
await service.postJson("/planets", { json: { name: "Mars" } });
// @ts-expect-error: of these, it is none
await service.postJson("/planets", { json: { name: "Mars", type: "cube" } });
// @ts-expect-error: a header with other values
await things.post("/thing", { form: { name: "a" }, headers: { "X-Version": "2" } });
// @ts-expect-error: the path has no GET, so a method is needed
await service.stream("/user/signup");
// @ts-expect-error: no page of it can be asked for by GET
service.paginate("/user/signup");
// @ts-expect-error: no such option
await service.getJson("/planets", { retries: 1 });
// @ts-expect-error: it is there to be extended
void new RESTService({ name: "galaxy", baseUrl: Galaxy.serverUrl });

// It is one of the services of a registry, and faked as they are.
const services = defineServices({ galaxy: rest(Galaxy), plain: rest(Plain, { endpointBase: "/v2" }) });
expectTypeOf(services.get("galaxy")).toEqualTypeOf<Galaxy>();
expectTypeOf(await getRestClient("galaxy", Plain).planet(1)).toEqualTypeOf<Planet>();
expectTypeOf(createRestClient("galaxy", Galaxy)).toEqualTypeOf<Galaxy>();
expectTypeOf(galaxy).toExtend<AnyRESTService>();
expectTypeOf(plain).toExtend<AnyRESTService>();
const mars: Planet = { id: 4, name: "Mars", type: "terrestrial" };
const fake: Fake<Galaxy> = { getPlanet: async () => mars };
services.override({ galaxy: fake });
// @ts-expect-error: no planet
services.override({ galaxy: { getPlanet: async () => ({ name: 1 }) } });

// Without a document, it is what it was.
declare class Untyped extends RESTService {}
declare const untyped: Untyped;
expectTypeOf(await untyped.getJson("/anything", { params: { any: 1 } })).toEqualTypeOf<unknown>();
