import type { RESTServiceOptions } from "../../src/rest/options.ts";
import { RESTService } from "../../src/rest/rest-service.ts";

/** What a journaling service does otherwise than well. */
export interface Behaviour {
  readonly open?: (signal: AbortSignal) => Promise<void>;
  readonly shut?: () => Promise<void>;
}

/**
 * A class of services that write down when they are made, opened and shut.
 *
 * @param behaviours - by the name of the service.
 */
export function journaling(behaviours: Readonly<Record<string, Behaviour>> = {}): {
  readonly journal: readonly string[];
  readonly Journaling: new (options: RESTServiceOptions) => RESTService;
} {
  const journal: string[] = [];
  class Journaling extends RESTService {
    constructor(options: RESTServiceOptions) {
      super(options);
      journal.push(`make ${this.name}`);
    }

    protected override async open(signal: AbortSignal): Promise<void> {
      journal.push(`open ${this.name}`);
      await behaviours[this.name]?.open?.(signal);
    }

    protected override async shut(): Promise<void> {
      journal.push(`shut ${this.name}`);
      await super.shut();
      await behaviours[this.name]?.shut?.();
    }
  }
  return { journal, Journaling };
}

/** An opening that ends only when it is given up. */
export const openForever = async (signal: AbortSignal): Promise<void> => {
  const never = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => never.reject(signal.reason));
  await never.promise;
};
