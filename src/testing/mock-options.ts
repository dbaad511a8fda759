import type { Dispatcher } from "undici";
import { type Clock, systemClock } from "../core/clock.ts";
import { endpointProblem } from "../core/endpoint.ts";
import { OptionReader } from "../core/options.ts";
import { readOrigin } from "./match-rules.ts";

/** How a mock transport is set up. */
export interface MockTransportOptions {
  /** Of every expectation that has no `origin` of its own. @defaultValue any */
  readonly origin?: string | undefined;
  /** Stands before the path of every expectation: `/v1`, where the paths of a document leave it out. @defaultValue "" */
  readonly basePath?: string | undefined;
  /** What delays pass on. @defaultValue the system's */
  readonly clock?: Clock | undefined;
  /**
   * Takes the calls that no expectation takes: a cassette, an undici `Agent` to the real network. Without it they fail.
   * It is not closed by the mock.
   */
  readonly otherwise?: Pick<Dispatcher, "dispatch"> | undefined;
}

/** The options, checked and with their defaults. */
export interface MockChoices {
  readonly origin: string | undefined;
  readonly basePath: string;
  readonly clock: Clock;
  readonly otherwise: Pick<Dispatcher, "dispatch"> | undefined;
}

/** @throws ServiceConfigurationError with every problem at once. */
export function readMockOptions(options: MockTransportOptions): MockChoices {
  const reader = new OptionReader("mockTransport", options);
  const basePath = reader.string("basePath", "").replace(/\/+$/, "");
  if (basePath !== "" && (!basePath.startsWith("/") || basePath.includes("?") || endpointProblem(basePath))) {
    reader.problem('basePath must be a path that starts with a slash: "/v1"');
  }
  const choices = {
    origin: readOrigin(reader),
    basePath,
    clock: reader.withMethods<Clock>("clock", ["now", "wallNow", "setTimer"]) ?? systemClock,
    otherwise: reader.withMethods<Dispatcher>("otherwise", ["dispatch"]),
  };
  reader.finish();
  return choices;
}
