import { type Clock, type Random, systemClock, systemRandom } from "./clock.ts";
import { publish } from "./events.ts";
import type { HealthReport } from "./health.ts";
import { Lifecycle, type LifecycleState } from "./lifecycle.ts";
import { defaultLogger, type Logger } from "./logger.ts";
import type { OptionReader } from "./options.ts";

/** What every service can be given. */
export interface ExternalServiceOptions {
  /** How it is named in errors, logs, events and the registry. @defaultValue the name of the class */
  readonly name?: string | undefined;
  /** @defaultValue pino where it is installed, else JSON lines on standard error */
  readonly logger?: Logger | undefined;
  /** @defaultValue the system's */
  readonly clock?: Clock | undefined;
  /** Source of jitter. @defaultValue `Math.random` */
  readonly random?: Random | undefined;
}

/** The option names of {@link ExternalServiceOptions}, read once for every kind of service. */
export interface ServiceParts {
  readonly name: string;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
}

/** Reads the options that all services have; problems are reported by `reader.finish()`. */
export function readServiceParts(reader: OptionReader, fallbackName: string): ServiceParts {
  const name = reader.string("name", fallbackName);
  if (name === "") reader.problem("name must not be empty");
  const logger = reader.withMethods<Logger>("logger", ["debug", "info", "warn", "error", "child"]);
  return {
    name,
    logger: (logger ?? defaultLogger()).child({ service: name }),
    clock: reader.withMethods<Clock>("clock", ["now", "wallNow", "setTimer"]) ?? systemClock,
    random: reader.function<Random>("random") ?? systemRandom,
  };
}

/**
 * A service outside of this process, and its life here: `idle → starting → ready → draining → stopped`.
 *
 * Subclasses implement three things: `open` (make it usable), `shut` (give everything back) and `checkHealth`.
 * Applications extend RESTService or {@link WebSocketService}, which do.
 */
export abstract class BaseExternalService implements AsyncDisposable {
  readonly name: string;
  protected readonly logger: Logger;
  protected readonly clock: Clock;
  protected readonly random: Random;
  readonly #lifecycle: Lifecycle;

  constructor(parts: ServiceParts) {
    this.name = parts.name;
    this.logger = parts.logger;
    this.clock = parts.clock;
    this.random = parts.random;
    this.#lifecycle = new Lifecycle(parts.name, (phase) => {
      publish("hawser:lifecycle", { service: this.name, phase });
      this.logger.debug({ phase }, "service lifecycle");
    });
  }

  /** Where in its life this service is. */
  get lifecycle(): LifecycleState["phase"] {
    return this.#lifecycle.phase;
  }

  /**
   * Makes the service usable and resolves to it. Asked for twice, it is done once; after a failure it may be asked
   * for again.
   *
   * @throws ServiceUnavailableError `unavailable-draining | unavailable-stopped` once it was closed.
   */
  async connect(): Promise<this> {
    await this.#lifecycle.start((signal) => this.open(signal));
    return this;
  }

  /**
   * Takes nothing new, lets what is under way end within the close limit, then gives every socket and timer back.
   * Idempotent, and safe in every state; a start under way is given up.
   */
  async close(): Promise<void> {
    await this.#lifecycle.stop(() => this.shut());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Asks the service whether it is usable. Reports, and does not throw, where it is not. */
  abstract checkHealth(options?: { readonly signal?: AbortSignal }): Promise<HealthReport>;

  /** Makes the service usable; ends early when the signal aborts. */
  protected abstract open(signal: AbortSignal): Promise<void>;

  /** Gives everything back, within the service's own close limit. */
  protected abstract shut(): Promise<void>;

  /** @throws ServiceUnavailableError unless the service is ready; its message says what to do. */
  protected assertReady(operation: string): void {
    if (this.#lifecycle.phase !== "ready") throw this.#lifecycle.refusal(operation);
  }
}
