/**
 * `hawser/lab`: outages of a modelled service on a virtual clock, for the options of your own services. See
 * docs/lab/README.md.
 */
export { type Figures } from "./measure.ts";
export type { Fault, ModelledService, Scenario, ServiceTime } from "./scenario.ts";
export { measures, scenarios, seeds } from "./scenarios.ts";
export { scaledTo, type Traffic } from "./scaled-to.ts";
export { type Experiment, simulate } from "./simulate.ts";
export type { Client, ClientParts, Send, Subject } from "./subject.ts";
export type { Reply } from "./request.ts";
export { type LabOptions, hawserClient, hawserSubject } from "./subjects/hawser.ts";
export { type Spread, type Summary, summarise } from "./summarise.ts";
