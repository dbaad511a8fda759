import type { Clock, Random } from "../core/clock.ts";
import type { BaseUrl } from "../core/endpoint.ts";
import type { Environment } from "../core/environment.ts";
import { ServiceUnavailableError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";
import type { Pipeline } from "../resilience/pipeline.ts";
import { buildPipeline, type Stages } from "../resilience/stages.ts";
import { type Authorizer, authorizerFor } from "./auth/authorizer.ts";
import type { Caller, CallHow, OpenHow, ReadHow } from "./caller.ts";
import { Calls } from "./calls.ts";
import type { RESTSettings } from "./options.ts";
import type { Patience } from "./patience.ts";
import type { CallOptions, RequestOptions } from "./request.ts";
import type { ServiceResponse } from "./response.ts";
import type { ServiceCall } from "./service-call.ts";
import type { StreamedResponse } from "./streamed-response.ts";
import { Transport } from "./transport.ts";

/** What calls go by that begin at the same time, and keep to their end. */
interface Setup {
  readonly settings: RESTSettings;
  readonly stages: Stages;
  /** Of this setup alone, so that it knows when the last call that began with it is over. */
  readonly pipeline: Pipeline;
  readonly transport: Transport;
  readonly authorizer: Authorizer | undefined;
  readonly calls: Calls;
}

interface Parts {
  readonly logger: Logger;
  readonly assertReady: (operation: string) => void;
}

/**
 * Makes the calls of one service by the settings that hold at the moment. Others may take their place: a call keeps
 * those that it began with, and what only it still uses is given back when it is over.
 */
export class CurrentCalls implements Caller {
  readonly service: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly #parts: Parts;
  readonly #closing = new AbortController();
  /** Those before the current one whose calls are not over yet. */
  readonly #former = new Set<Setup>();
  /** What is being given back. */
  readonly #ending = new Set<Promise<void>>();
  #now: Setup;

  constructor(settings: RESTSettings, parts: Parts) {
    const { name: service, clock, random } = settings;
    this.service = service;
    this.clock = clock;
    this.random = random;
    this.#parts = parts;
    const { pipeline, stages } = buildPipeline({ ...settings, service }, settings);
    const transport = new Transport(transportSettings(settings));
    this.#now = this.#setup(settings, { pipeline, stages, transport, authorizer: this.#authorizerOf(settings) });
  }

  get settings(): RESTSettings {
    return this.#now.settings;
  }

  get stages(): Stages {
    return this.#now.stages;
  }

  /** How many calls are under way, those by former settings among them. */
  get inFlight(): number {
    return [this.#now, ...this.#former].reduce((sum, { pipeline }) => sum + pipeline.inFlight, 0);
  }

  get base(): BaseUrl {
    return this.settings.base;
  }

  get maxResponseBytes(): number {
    return this.settings.maxResponseBytes;
  }

  get deadlineMs(): number {
    return this.settings.deadlineMs;
  }

  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  call(method: string, endpoint: string, options: RequestOptions, how?: CallHow): ServiceCall<ServiceResponse> {
    return this.#now.calls.call(method, endpoint, options, how);
  }

  read<T, Matched = never>(
    method: string,
    endpoint: string,
    options: RequestOptions,
    how: ReadHow<T>,
  ): ServiceCall<T, Matched> {
    return this.#now.calls.read(method, endpoint, options, how);
  }

  open(method: string, endpoint: string, options: RequestOptions, how?: OpenHow): Promise<StreamedResponse> {
    return this.#now.calls.open(method, endpoint, options, how);
  }

  patienceFor(options: CallOptions): Patience {
    return this.#now.calls.patienceFor(options);
  }

  logFailure(error: unknown): void {
    this.#now.calls.logFailure(error);
  }

  /** @throws ServiceConfigurationError for a proxy in the environment that cannot be used. */
  async start(environment: Environment): Promise<void> {
    await this.#now.transport.start(environment);
  }

  /**
   * Readies what other settings of the same service need; nothing changes yet. Stages and connections whose settings
   * are the same are taken over, unless they are those of another origin.
   *
   * @returns what puts them in force, for the calls that begin from then on.
   * @throws ServiceConfigurationError for a proxy in the environment that cannot be used.
   */
  async takeOver(settings: RESTSettings, environment: Environment): Promise<() => void> {
    const before = this.#now;
    const isSameOrigin = before.settings.base.origin === settings.base.origin;
    const wanted = transportSettings(settings);
    const isShared = before.transport.pools.isMadeBy(wanted);
    const transport = new Transport(wanted, isShared ? before.transport.pools : undefined);
    if (!isShared) await transport.start(environment);
    return () => {
      const { pipeline, stages } = buildPipeline(
        { ...settings, service: this.service },
        settings,
        isSameOrigin ? before : undefined,
      );
      const isSameAuth = isSameOrigin && before.settings.auth === settings.auth;
      const authorizer = isSameAuth ? before.authorizer : this.#authorizerOf(settings);
      this.#former.add(before);
      this.#now = this.#setup(settings, { pipeline, stages, transport, authorizer });
      this.#hold(this.#leave(before));
    };
  }

  /** Lets the calls under way end within the close limit, then ends what waits between calls, and gives all back. */
  async close(): Promise<void> {
    const at = { service: this.service, phase: "close", outcome: "not-sent" } as const;
    this.#closing.abort(new ServiceUnavailableError("draining", { ...at, detail: "the service is being closed" }));
    const { closeTimeoutMs } = this.settings;
    await Promise.all([this.#now, ...this.#former].map(({ pipeline }) => pipeline.drain(closeTimeoutMs)));
    await Promise.all(this.#ending);
    try {
      await this.#now.authorizer?.close();
    } finally {
      // Also where a provider of the user's own throws.
      await this.#now.transport.destroy();
    }
  }

  #setup(settings: RESTSettings, made: Omit<Setup, "settings" | "calls">): Setup {
    return {
      ...made,
      settings,
      calls: new Calls(settings, made.pipeline, made.transport, made.authorizer, this.#parts),
    };
  }

  #authorizerOf(settings: RESTSettings): Authorizer | undefined {
    const { name: service, auth, base } = settings;
    return authorizerFor(auth, { ...settings, service, logger: this.#parts.logger, origin: base.origin });
  }

  /** Once its last call is over, gives back what no other setup goes by. */
  async #leave(setup: Setup): Promise<void> {
    await setup.pipeline.idle();
    await setup.pipeline.drain(0);
    this.#former.delete(setup);
    const others = [this.#now, ...this.#former];
    const isUsed = (isIt: (other: Setup) => boolean): boolean => others.some(isIt);
    try {
      if (!isUsed(({ authorizer }) => authorizer === setup.authorizer)) await setup.authorizer?.close();
    } catch (error) {
      this.#parts.logger.warn({ err: error }, "the former auth provider could not give back what it holds");
    }
    if (!isUsed(({ transport }) => transport.pools === setup.transport.pools)) await setup.transport.destroy();
  }

  #hold(ending: Promise<void>): void {
    this.#ending.add(ending);
    void ending.finally(() => this.#ending.delete(ending));
  }
}

function transportSettings(settings: RESTSettings): ConstructorParameters<typeof Transport>[0] {
  return { ...settings, service: settings.name, origin: settings.base.origin };
}
