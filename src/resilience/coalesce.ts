import type { AttemptEnd } from "./outcome.ts";
import { type Admission, type Applicant, type Decision, go, type Policy } from "./policy.ts";

/** One call that is made for several: the admission of its leader, and the leader's permit. */
class Flight {
  readonly identity: string;
  /** Those who wait for the leader's answer; undefined until one does. */
  followers: Set<(decided: Decision) => void> | undefined = undefined;

  constructor(identity: string) {
    this.identity = identity;
  }

  // Of the class: as a field, each is eight bytes of every call.
  get kind(): "go" {
    return "go";
  }

  get permit(): Flight {
    return this;
  }
}

/**
 * Makes one call of several that are the same and under way at the same time: the first goes, the others get its
 * answer, good or bad.
 *
 * A leader whose own caller gave up, whose own deadline passed, or who was refused here because it would have, speaks
 * for nobody else: the next in line goes then.
 * Followers keep their own deadlines and signals.
 *
 * Not for: calls whose answers depend on more than method, path, headers and query, and not a cache: nothing is kept
 * once the answer is there.
 */
export class Coalescing implements Policy {
  readonly name = "coalesce";
  readonly scope = "call";
  /** One of those under way. A Map of few entries that come and go makes its table anew every few calls. */
  #one: Flight | undefined;
  /** The others. */
  readonly #flights = new Map<string, Flight>();

  admit({ identity }: Applicant): Admission {
    if (identity === undefined) return go;
    const flight = this.#one?.identity === identity ? this.#one : this.#flights.get(identity);
    if (flight !== undefined) return this.#follow(flight);
    const first = new Flight(identity);
    if (this.#one === undefined) this.#one = first;
    else this.#flights.set(identity, first);
    return first;
  }

  #follow(flight: Flight): Admission {
    return {
      kind: "wait",
      begin: (answer) => {
        const followers = (flight.followers ??= new Set());
        followers.add(answer);
        return () => void followers.delete(answer);
      },
    };
  }

  settle(permit: unknown, end: AttemptEnd<unknown>): void {
    if (permit === undefined) return;
    const flight = permit as Flight;
    const { identity, followers } = flight;
    const heir = followers?.values().next().value;
    if (heir !== undefined && isOfLeaderAlone(end)) {
      followers?.delete(heir);
      heir(flight);
      return;
    }
    if (flight === this.#one) this.#one = undefined;
    else this.#flights.delete(identity);
    if (followers === undefined) return;
    for (const answer of followers) answer({ kind: "answer", end });
  }
}

function isOfLeaderAlone(end: AttemptEnd<unknown>): boolean {
  if (end.kind === "success") return false;
  // What was refused here was refused with a view to the leader's own deadline.
  return end.kind === "aborted" || end.failure.verdict === "local" || end.failure.code === "timeout-deadline";
}
