import type { Logger } from "../../core/logger.ts";
import type { RESTServiceOptions } from "../../rest/options.ts";
import { RESTService } from "../../rest/rest-service.ts";
import type { Client, ClientParts, Subject } from "../subject.ts";
import { ModelledDispatcher } from "./modelled-dispatcher.ts";

class LabService extends RESTService {}

const nothing = (): void => undefined;
const silent: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  isLevelEnabled: () => false,
  child: () => silent,
};

/** What a service is made with, without what the lab brings itself. */
export type LabOptions = Partial<Omit<RESTServiceOptions, "clock" | "random" | "logger" | "dispatcher">>;

/**
 * A RESTService with these options, and nothing of it modelled but undici's pool.
 *
 * @param options - Limits given in them win over those of the scenario.
 */
export function hawserClient(parts: ClientParts, options: LabOptions): Client {
  const { clock, random, attemptTimeoutMs, deadlineMs } = parts;
  const dispatcher = new ModelledDispatcher(clock);
  const service = new LabService({
    name: "lab",
    baseUrl: "http://service",
    deadlineMs,
    attemptTimeoutMs: Math.min(attemptTimeoutMs, options.deadlineMs ?? deadlineMs),
    ...options,
    clock,
    random,
    logger: silent,
    dispatcher,
  });
  // Ready before the first event, for nothing is opened here.
  void service.connect();
  return {
    async call(send) {
      using wire = dispatcher.pathFor(send);
      return await service.get(wire.path);
    },
  };
}

/** Hawser as a subject, with options of your own. */
export function hawserSubject(options: LabOptions, about: Omit<Subject, "client">): Subject {
  return { ...about, client: (parts) => hawserClient(parts, options) };
}

/** Hawser with nothing configured. */
export const hawser: Subject = hawserSubject(
  {},
  {
    id: "hawser",
    name: "Hawser",
    group: "hawser",
    about: "RESTService with its defaults.",
  },
);
