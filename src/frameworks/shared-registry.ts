import type { StartOptions } from "../registry/service-registry.ts";

/** What is shared: each registry fits. */
export interface Shareable {
  start(options?: StartOptions): Promise<unknown>;
  stop(): Promise<unknown>;
}

interface Users {
  count: number;
  /** The stop under way: whoever comes meanwhile starts after it. */
  stopping: Promise<unknown> | undefined;
}

// By the registry, which outlives every application that uses it.
const usersOf = new WeakMap<Shareable, Users>();

/**
 * Starts a registry for one of the applications that use it, and returns what ends that use: the last one stops it.
 * A module is written down once, while tests make many applications of it side by side, and none of them may take the
 * services away from another.
 *
 * @throws As the start of the registry.
 */
export async function useRegistry(services: Shareable, options: StartOptions): Promise<() => Promise<void>> {
  const users = usersOf.get(services) ?? { count: 0, stopping: undefined };
  usersOf.set(services, users);
  users.count++;
  try {
    // Whoever stops it hears of what that threw.
    await users.stopping?.catch(() => undefined);
    await services.start(options);
  } catch (error) {
    users.count--;
    throw error;
  }
  let ended: Promise<void> | undefined;
  return () => (ended ??= end(services, users));
}

async function end(services: Shareable, users: Users): Promise<void> {
  if (--users.count > 0) return;
  users.stopping = services.stop().finally(() => (users.stopping = undefined));
  await users.stopping;
}
