import type { Member } from "../../src/registry/member.ts";

/** What a member does otherwise than well, and what it needs. */
export interface MemberBehaviour {
  readonly needs?: readonly string[];
  readonly isLate?: boolean;
  readonly open?: (signal: AbortSignal) => Promise<void>;
  readonly close?: () => Promise<void>;
}

/** Members by name that write down when they are opened and closed. */
export function journalMembers(behaviours: Readonly<Record<string, MemberBehaviour>>): {
  readonly journal: readonly string[];
  readonly members: ReadonlyMap<string, Member>;
} {
  const journal: string[] = [];
  const members = Object.entries(behaviours).map(([name, behaviour]): [string, Member] => {
    const { needs = [], isLate = false, open, close } = behaviour;
    const member: Member = {
      name,
      needs,
      isLate,
      service: name,
      open: async (signal) => {
        journal.push(`open ${name}`);
        await open?.(signal);
      },
      close: async () => {
        journal.push(`close ${name}`);
        await close?.();
      },
    };
    return [name, member];
  });
  return { journal, members: new Map(members) };
}
