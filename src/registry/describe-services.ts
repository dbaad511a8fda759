import { type DescribedSetting, type DescribedStage, ServiceDescription } from "../core/description.ts";
import { BaseExternalService } from "../core/external-service.ts";
import { type OptionOrigin, optionSources } from "../core/options.ts";
import { type BuildContext, construct, fieldsOf, type Prepared, prepareOptions } from "./build.ts";
import { valueAt } from "./changes.ts";
import type { AnyDefinition } from "./definition.ts";
import type { DescribedService } from "./registry-description.ts";
import { shownSetting } from "./shown.ts";

/** What a start would make of the definitions, without connecting anything, and what it would fail with. */
export async function describePlanned(
  definitions: ReadonlyMap<string, AnyDefinition<unknown>>,
  context: BuildContext,
): Promise<{ readonly services: readonly DescribedService[]; readonly problems: readonly string[] }> {
  const services: DescribedService[] = [];
  const problems: string[] = [];
  for (const [name, definition] of definitions) {
    const prepared = prepareOptions(name, definition, context);
    const about = { name, definition, prepared };
    if (prepared.skippedFor !== undefined) {
      services.push(describeService({ ...about, state: `left out: ${prepared.skippedFor} is not set` }));
      continue;
    }
    const built =
      prepared.problems.length > 0 || definition.kind === "custom"
        ? { kind: "wrong" as const, problems: prepared.problems }
        : construct(name, definition as AnyDefinition<BaseExternalService>, prepared);
    const found = built.kind === "wrong" ? built.problems : [];
    problems.push(...found.map((problem) => `${name}: ${problem}`));
    const service = built.kind === "service" ? built.service : undefined;
    const state = found.length > 0 ? "wrong settings" : "not started";
    services.push(describeService({ ...about, state, service }));
    await service?.close();
  }
  return { services, problems };
}

/** Describes one service, from what it says of itself and from its own settings. */
export function describeService(about: {
  readonly name: string;
  readonly definition: AnyDefinition<unknown>;
  readonly prepared: Prepared | undefined;
  readonly state: string;
  readonly service?: unknown;
}): DescribedService {
  const { name, definition, prepared, state, service } = about;
  const own = prepared === undefined ? [] : ownSettings(definition, prepared);
  const described = descriptionOf(service);
  return {
    name,
    kind: definition.kind,
    state,
    ...(described === undefined ? {} : { target: described.target }),
    stages: [
      ...(described?.stages ?? []),
      ...(own.length === 0 ? [] : [{ name: "settings", isOn: true, settings: own } satisfies DescribedStage]),
    ],
  };
}

/** What a service of ours says of itself; a class of the application's own may have a `describe` that is another. */
function descriptionOf(service: unknown): ServiceDescription | undefined {
  if (!(service instanceof BaseExternalService)) return undefined;
  const { describe } = service as { readonly describe?: unknown };
  const described: unknown = typeof describe === "function" ? describe.call(service) : undefined;
  return described instanceof ServiceDescription ? described : undefined;
}

function ownSettings(definition: AnyDefinition<unknown>, prepared: Prepared): DescribedSetting[] {
  const { settings, options } = prepared;
  const sources = (options as { readonly [optionSources]?: ReadonlyMap<string, OptionOrigin> })[optionSources];
  return fieldsOf(definition).flatMap(({ option, isOwn = false, schema }) => {
    const value = valueAt(prepared, option);
    if (!isOwn || value === undefined) return [];
    // Read, and of no variable: what its schema says.
    const origin = sources?.get(option) ?? (settings.values.has(option) ? "default" : "definition");
    return [{ name: option, value: shownSetting(option, value, schema), origin }];
  });
}
