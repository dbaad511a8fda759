import type { Clock } from "../core/clock.ts";
import { ServiceConfigurationError } from "../core/errors.ts";
import type { BaseExternalService } from "../core/external-service.ts";
import type { Logger } from "../core/logger.ts";
import { type BuildContext, type Built, construct, type Prepared, prepareOptions } from "./build.ts";
import { CustomMember } from "./custom-member.ts";
import type { AnyDefinition } from "./definition.ts";
import { ClientMember, type Member } from "./member.ts";
import { namesByDefinition, namesOf } from "./names-by-definition.ts";
import { inOrder } from "./sequence.ts";

/** Definitions by name. */
export type Definitions = ReadonlyMap<string, AnyDefinition<unknown>>;

/** Why an optional service was left out: a variable that is not set, or a service that was left out before it. */
export type LeftOut = { readonly variable: string } | { readonly need: string };

/** What a registry makes its services with. */
export interface MemberContext extends Omit<BuildContext, "precedence"> {
  readonly logger: Logger;
  readonly clock: Clock;
  /** A service that is up, by name. */
  readonly serviceOf: (name: string) => unknown;
  /** What stands in for it now: it is not made then. */
  readonly fakeOf: (name: string) => { readonly fake: unknown } | undefined;
}

/** What is made of definitions: each of them is a member, or left out, or stood in for, or has problems. */
export interface Plan {
  readonly members: ReadonlyMap<string, Member>;
  readonly leftOut: ReadonlyMap<string, LeftOut>;
  /** The fakes of those that are not made since a fake stands in for them. */
  readonly stoodIn: ReadonlyMap<string, unknown>;
  /** By name, in the order of the definitions. */
  readonly problems: readonly string[];
  /** What each was made with, or would be. */
  readonly prepared: ReadonlyMap<string, Prepared>;
}

/**
 * Reads the settings of all services and makes them, but for those that `service()` defined, which are made when they
 * are opened. No I/O but the reading of mounted files.
 *
 * @throws ServiceConfigurationError with every problem of all services at once.
 */
export function buildMembers(definitions: Definitions, context: MemberContext): Plan {
  const plan = planMembers(definitions, context);
  if (plan.problems.length > 0) throw new ServiceConfigurationError("services", plan.problems);
  return plan;
}

/** The same, which tells of problems as well. */
export function planMembers(definitions: Definitions, context: MemberContext): Plan {
  const members = new Map<string, Member>();
  const leftOut = new Map<string, LeftOut>();
  const stoodIn = new Map<string, unknown>();
  const problems = new Map<string, readonly string[]>();
  const prepared = new Map<string, Prepared>();
  const names = namesByDefinition(definitions);
  const all = [...definitions].map(([name, definition]) => {
    return { name, definition, needs: namesOf(definition.needs, names) };
  });
  for (const { name, definition, needs } of inOrder(all)) {
    const missing = needs.find((need) => leftOut.has(need));
    const override = context.fakeOf(name);
    if (override !== undefined) stoodIn.set(name, override.fake);
    else if (missing !== undefined && definition.isOptional) leftOut.set(name, { need: missing });
    else if (missing !== undefined) problems.set(name, [neededAndLeftOut(missing, leftOut)]);
    else {
      const built = build(name, definition, needs, context);
      prepared.set(name, built.prepared);
      if (built.kind === "member") members.set(name, built.member);
      else if (built.kind === "skipped") leftOut.set(name, { variable: built.variable });
      else problems.set(name, built.problems);
    }
  }
  return {
    members: new Map(all.flatMap(({ name }) => entryOf(members, name))),
    leftOut,
    stoodIn,
    problems: all.flatMap(({ name }) => (problems.get(name) ?? []).map((problem) => `${name}: ${problem}`)),
    prepared,
  };
}

type BuiltMember = { readonly prepared: Prepared } & (
  | { readonly kind: "member"; readonly member: Member }
  | Exclude<Built<never>, { kind: "service" }>
);

function build(
  name: string,
  definition: AnyDefinition<unknown>,
  needs: readonly string[],
  context: MemberContext,
): BuiltMember {
  const prepared = prepareOptions(name, definition, { ...context, precedence: "environment" });
  if (prepared.skippedFor !== undefined) return { kind: "skipped", variable: prepared.skippedFor, prepared };
  if (prepared.problems.length > 0) return { kind: "wrong", problems: prepared.problems, prepared };
  if (definition.kind === "custom") {
    return { kind: "member", member: customMember(name, definition, needs, prepared, context), prepared };
  }
  // What rest() and ws() take is a class of services.
  const built = construct(name, definition as AnyDefinition<BaseExternalService>, prepared);
  if (built.kind === "wrong") return { ...built, prepared };
  return { kind: "member", member: new ClientMember(name, built.service, definition.isLate), prepared };
}

function customMember(
  name: string,
  definition: AnyDefinition<unknown>,
  needs: readonly string[],
  prepared: Prepared,
  { logger, clock, serviceOf }: MemberContext,
): Member {
  const settings = ownSettingsOf(prepared);
  const context = { name, settings, logger: logger.child({ service: name }), clock };
  return new CustomMember(definition, { name, needs, context, needed: () => needs.map(serviceOf) });
}

/** What the schemas made of a service's own settings, by option. */
export function ownSettingsOf({ settings }: Prepared): Readonly<Record<string, unknown>> {
  return Object.fromEntries([...settings.values].map(([option, { value }]) => [option, value]));
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
