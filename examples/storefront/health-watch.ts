import { type RegistryHealth, withoutDeadline } from "hawser";

/**
 * The latest health report, for pages that ask often: however many ask, the services are checked once a second, and
 * nobody waits for a check but the first.
 */
export class HealthWatch {
  readonly #check: () => Promise<RegistryHealth>;
  #last: { readonly health: RegistryHealth; readonly at: number } | undefined;
  #running: Promise<RegistryHealth> | undefined;

  constructor(check: () => Promise<RegistryHealth>) {
    this.#check = check;
  }

  latest(): Promise<RegistryHealth> {
    const last = this.#last;
    if (last === undefined) return this.#refresh();
    if (performance.now() - last.at > 1_000) this.#refresh().catch(() => undefined);
    return Promise.resolve(last.health);
  }

  #refresh(): Promise<RegistryHealth> {
    // It serves all who ask, and must not end with the request that happened to begin it.
    this.#running ??= withoutDeadline(this.#check)
      .then((health) => {
        this.#last = { health, at: performance.now() };
        return health;
      })
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }
}
