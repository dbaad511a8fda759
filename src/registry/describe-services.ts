import { type DescribedSetting, type DescribedStage, ServiceDescription } from "../core/description.ts";
import { BaseExternalService } from "../core/external-service.ts";
import { fieldsOf, type Prepared, sourcesOf } from "./build.ts";
import type { SettingField } from "./setting-fields.ts";
import { type Definitions, type MemberContext, type Plan, planMembers } from "./build-members.ts";
import { valueAt } from "./changes.ts";
import type { AnyDefinition } from "./definition.ts";
import { type DescribedService, RegistryDescription } from "./registry-description.ts";
import { shownSetting } from "./shown.ts";

/** What a run says of the services of a registry. */
export interface DescribedRun extends Pick<Plan, "leftOut" | "prepared"> {
  readonly stateOf: (name: string) => string;
  readonly serviceOf: (name: string) => unknown;
}

/** What a start would make of the definitions, without connecting anything, and what it would fail with. */
export function describePlanned(definitions: Definitions, context: MemberContext): RegistryDescription {
  const { members, problems, leftOut, stoodIn, prepared } = planMembers(definitions, context);
  const services = describeAll(definitions, {
    leftOut,
    prepared,
    stateOf: (name) => {
      if (stoodIn.has(name)) return "not started, a fake stands in for it";
      return members.has(name) ? "not started" : "wrong settings";
    },
    serviceOf: (name) => members.get(name)?.service,
  });
  // They hold nothing but what they were given, and nobody needs to wait for their end.
  for (const member of members.values()) void member.close().catch(() => undefined);
  return new RegistryDescription(false, services, problems);
}

/** The services of a registry as they are. */
export function describeRun(definitions: Definitions, run: DescribedRun): RegistryDescription {
  return new RegistryDescription(true, describeAll(definitions, run), []);
}

function describeAll(definitions: Definitions, run: DescribedRun): DescribedService[] {
  return [...definitions].map(([name, definition]) => {
    const why = run.leftOut.get(name);
    const because = why && ("variable" in why ? `${why.variable} is not set` : `${why.need} is left out`);
    return describeService({
      name,
      definition,
      prepared: run.prepared.get(name),
      state: because === undefined ? run.stateOf(name) : `left out, since ${because}`,
      service: run.serviceOf(name),
    });
  });
}

/** Describes one service, from what it says of itself and from its own settings. */
function describeService(about: {
  readonly name: string;
  readonly definition: AnyDefinition<unknown>;
  readonly prepared: Prepared | undefined;
  readonly state: string;
  readonly service: unknown;
}): DescribedService {
  const { name, definition, prepared, state, service } = about;
  const given = (isOf: (field: SettingField) => boolean): DescribedSetting[] =>
    prepared === undefined ? [] : givenSettings(fieldsOf(definition).filter(isOf), prepared);
  const address = given(({ option }) => addressing.has(option));
  const own = given(({ isOwn = false }) => isOwn);
  const described = descriptionOf(service);
  return {
    name,
    kind: definition.kind,
    state,
    ...(described === undefined ? {} : { target: described.target }),
    stages: [...stageOf("address", address), ...(described?.stages ?? []), ...stageOf("settings", own)],
  };
}

/** What a service of ours says of itself; a class of the application's own may have a `describe` that is another. */
function descriptionOf(service: unknown): ServiceDescription | undefined {
  if (!(service instanceof BaseExternalService)) return undefined;
  const { describe } = service as { readonly describe?: unknown };
  const described: unknown = typeof describe === "function" ? describe.call(service) : undefined;
  return described instanceof ServiceDescription ? described : undefined;
}

/** What the description of a service has only as its target. */
const addressing = new Set(["baseUrl", "endpointBase", "endpoint", "healthEndpoint"]);

const stageOf = (name: string, settings: readonly DescribedSetting[]): DescribedStage[] =>
  settings.length === 0 ? [] : [{ name, isOn: true, settings }];

function givenSettings(fields: readonly SettingField[], prepared: Prepared): DescribedSetting[] {
  const sources = sourcesOf(prepared);
  return fields.flatMap(({ option, schema }) => {
    const value = valueAt(prepared, option);
    // One that is computed for each attempt has no value yet.
    if (value === undefined || typeof value === "function") return [];
    // Read, and of no variable: what its schema says.
    const origin = sources.get(option) ?? (prepared.settings.values.has(option) ? "default" : "definition");
    return [{ name: option, value: shownSetting(option, value, schema), origin }];
  });
}
