import type { Clock } from "../core/clock.ts";
import type { Environment } from "../core/environment.ts";
import { ServiceConfigurationError } from "../core/errors.ts";
import type { BaseExternalService } from "../core/external-service.ts";
import type { Logger } from "../core/logger.ts";
import { type BuildContext, type Built, buildService, fieldsOf, prefixOf } from "./build.ts";
import { CustomMember } from "./custom-member.ts";
import type { AnyDefinition } from "./definition.ts";
import { ClientMember, type Member } from "./member.ts";
import { inOrder } from "./sequence.ts";
import { readSettings } from "./settings.ts";

/** Definitions by name. */
export type Definitions = ReadonlyMap<string, AnyDefinition<unknown>>;

/** Why an optional service was left out: a variable that is not set, or a service that was left out before it. */
export type LeftOut = { readonly variable: string } | { readonly need: string };

/** What a registry makes its services with. */
export interface MemberContext {
  readonly env: Environment;
  readonly shared: BuildContext["shared"];
  /** Options by kind, which those of a definition go before. */
  readonly defaults: Readonly<Record<"rest" | "ws", Readonly<Record<string, unknown>>>>;
  readonly logger: Logger;
  readonly clock: Clock;
  /** A service that is up, by name. */
  readonly serviceOf: (name: string) => unknown;
}

/**
 * Reads the settings of all services and makes them, but for those that `service()` defined, which are made when they
 * are opened. No I/O but the reading of mounted files.
 *
 * @throws ServiceConfigurationError with every problem of all services at once.
 */
export function buildMembers(
  definitions: Definitions,
  context: MemberContext,
): { readonly members: ReadonlyMap<string, Member>; readonly leftOut: ReadonlyMap<string, LeftOut> } {
  const members = new Map<string, Member>();
  const leftOut = new Map<string, LeftOut>();
  const problems = new Map<string, readonly string[]>();
  const all = [...definitions].map(([name, definition]) => {
    return { name, definition, needs: namesOf(definition.needs, definitions) };
  });
  for (const { name, definition, needs } of inOrder(all)) {
    const missing = needs.find((need) => leftOut.has(need));
    if (missing !== undefined && definition.isOptional) leftOut.set(name, { need: missing });
    else if (missing !== undefined) problems.set(name, [neededAndLeftOut(missing, leftOut)]);
    else {
      const built = build(name, definition, needs, context);
      if (built.kind === "member") members.set(name, built.member);
      else if (built.kind === "skipped") leftOut.set(name, { variable: built.variable });
      else problems.set(name, built.problems);
    }
  }
  if (problems.size > 0) {
    const told = all.flatMap(({ name }) => (problems.get(name) ?? []).map((problem) => `${name}: ${problem}`));
    throw new ServiceConfigurationError("services", told);
  }
  return { members: new Map(all.flatMap(({ name }) => entryOf(members, name))), leftOut };
}

type BuiltMember = { readonly kind: "member"; readonly member: Member } | Exclude<Built<never>, { kind: "service" }>;

function build(
  name: string,
  definition: AnyDefinition<unknown>,
  needs: readonly string[],
  context: MemberContext,
): BuiltMember {
  if (definition.kind === "custom") return buildCustom(name, definition, needs, context);
  const { env, shared, defaults } = context;
  // What rest() and ws() take is a class of services.
  const built = buildService(name, definition as AnyDefinition<BaseExternalService>, {
    env,
    precedence: "environment",
    shared: { ...shared, ...defaults[definition.kind] },
  });
  if (built.kind !== "service") return built;
  return { kind: "member", member: new ClientMember(name, built.service, definition.isLate) };
}

function buildCustom(
  name: string,
  definition: AnyDefinition<unknown>,
  needs: readonly string[],
  { env, logger, clock, serviceOf }: MemberContext,
): BuiltMember {
  const prefix = prefixOf(name, definition);
  const { values, problems } = readSettings({ fields: fieldsOf(definition), prefix, env });
  if (problems.length > 0) return { kind: "wrong", problems };
  const settings = Object.fromEntries([...values].map(([option, { value }]) => [option, value]));
  const parts = {
    name,
    needs,
    context: { name, settings, logger: logger.child({ service: name }), clock },
    needed: () => needs.map(serviceOf),
  };
  return { kind: "member", member: new CustomMember(definition, parts) };
}

// Looked at when the registry was made: each is there, and once.
function namesOf(needs: readonly AnyDefinition<unknown>[], definitions: Definitions): string[] {
  return needs.flatMap((need) => [...definitions].filter(([, one]) => one === need).map(([name]) => name));
}

function neededAndLeftOut(need: string, leftOut: ReadonlyMap<string, LeftOut>): string {
  let why = leftOut.get(need);
  while (why !== undefined && "need" in why) why = leftOut.get(why.need);
  const variable = why === undefined ? "" : ` since ${why.variable} is not set: set it, or`;
  return `it needs ${need}, which is left out${variable} make this one optional as well`;
}

function entryOf<T>(map: ReadonlyMap<string, T>, name: string): [string, T][] {
  const value = map.get(name);
  return value === undefined ? [] : [[name, value]];
}
