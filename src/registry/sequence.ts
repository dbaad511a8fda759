import type { Clock } from "../core/clock.ts";
import { ServiceStopError, ServiceTimeoutError } from "../core/errors.ts";
import type { Member } from "./member.ts";

/** What comes first comes first, but for what it needs: that comes before it. Needs that are not among them are no matter. */
export function inOrder<T extends Pick<Member, "name" | "needs">>(all: Iterable<T>): T[] {
  const byName = new Map([...all].map((one) => [one.name, one]));
  const ordered = new Set<T>();
  const add = (one: T): void => {
    for (const need of one.needs) {
      const needed = byName.get(need);
      if (needed !== undefined && !ordered.has(needed)) add(needed);
    }
    ordered.add(one);
  };
  for (const one of byName.values()) add(one);
  return [...ordered];
}

/**
 * Closes the members, the last one first: each as soon as those that need it are closed, and whatever the others do.
 * When the limit passes, those that waited for others are closed as well, and none is waited for any longer.
 *
 * @throws ServiceStopError once all were tried, with what each that failed threw; `timeout-close` for those that were
 * not closed by then.
 */
export async function closeAll(
  members: Iterable<Member>,
  run: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<void> {
  const { clock, timeoutMs } = run;
  const failures = new Map<string, unknown>();
  const over = Promise.withResolvers<void>();
  const timer = timeoutMs === Number.POSITIVE_INFINITY ? undefined : clock.setTimer(timeoutMs, over.resolve);
  const reversed = inOrder(members).toReversed();
  /** By name: what is being closed of those that need it. They are closed before it, and so stand here by then. */
  const dependents = new Map<string, Promise<void>[]>();

  const close = async (member: Member): Promise<void> => {
    const before = dependents.get(member.name) ?? [];
    if (before.length > 0) await Promise.race([Promise.all(before), over.promise]);
    try {
      await member.close();
    } catch (error) {
      failures.set(member.name, error);
    }
    pending.delete(member.name);
  };

  const pending = new Set(reversed.map(({ name }) => name));
  const closing = reversed.map((member) => {
    const closed = close(member);
    for (const need of member.needs) {
      const others = dependents.get(need);
      if (others === undefined) dependents.set(need, [closed]);
      else others.push(closed);
    }
    return closed;
  });
  await Promise.race([Promise.all(closing), over.promise]);
  timer?.cancel();
  for (const service of pending) {
    const facts = { service, operation: "services.stop", phase: "close", outcome: "unknown" } as const;
    failures.set(service, new ServiceTimeoutError("close", timeoutMs, facts));
  }
  if (failures.size > 0) throw new ServiceStopError(failures);
}
