/** Which core the clients run on, and which one the server and everything else. */
export interface Cores {
  readonly client: number;
  readonly server: number;
}

/**
 * Two different cores of those that this process may run on; undefined where there are none.
 *
 * @param allowed - as `/proc/self/status` writes it in `Cpus_allowed_list`: `0-3,8`.
 */
export function coresFrom(allowed: string): Cores | undefined {
  const cores = allowed.split(",").flatMap((range) => {
    const [, first, last = first] = /^\s*(\d+)(?:-(\d+))?\s*$/.exec(range) ?? [];
    return first === undefined ? [] : numbersBetween(Number(first), Number(last));
  });
  const [server, client] = [cores[0], cores.at(-1)];
  // The first core is where most systems handle interrupts: noise for the clients, of which the figures are.
  return server === undefined || client === undefined || server === client ? undefined : { client, server };
}

function numbersBetween(first: number, last: number): readonly number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}
