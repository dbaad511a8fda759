import type { IncomingMessage, Server, ServerResponse } from "node:http";
import {
  type DynamicModule,
  type FactoryProvider,
  Inject,
  type MiddlewareConsumer,
  Module,
  type Provider,
} from "@nestjs/common";
import { APP_FILTER, HttpAdapterHost, ModuleRef } from "@nestjs/core";
import type { ServiceRegistry } from "../registry/service-registry.ts";
import { endConnectionsUntilClosed } from "./close-server.ts";
import { HawserExceptionFilter } from "./nestjs-filter.ts";
import { HawserHealthIndicator } from "./nestjs-health.ts";
import {
  type AsyncSource,
  type HawserModuleAsyncOptions,
  type HawserModuleOptions,
  type HawserSettings,
  type HawserSettingsFactory,
  readAsyncOptions,
  readOptions,
  type ReadServices,
  type ReadSettings,
  readSettings,
} from "./nestjs-options.ts";
import { serviceProviders } from "./nestjs-providers.ts";
import { fakesOf, type Run } from "./nestjs-run.ts";
import { runToken, servicesToken, settingsToken } from "./nestjs-tokens.ts";
import { clientGone, requestScope } from "./request-scope.ts";

export { ClientGoneError } from "../core/client-gone.ts";
export {
  HawserHealthIndicator,
  type IndicatedService,
  type IndicatorOptions,
  type IndicatorResult,
  type IndicatorStatus,
} from "./nestjs-health.ts";
export type {
  HawserModuleAsyncOptions,
  HawserModuleOptions,
  HawserServices,
  HawserSettings,
  HawserSettingsFactory,
  LoggerFor,
} from "./nestjs-options.ts";
export { InjectService, InjectServices, type ServiceName, serviceToken, servicesToken } from "./nestjs-tokens.ts";

/**
 * The services of an application as providers of NestJS: each under its class and, with {@link InjectService}, under
 * its name. They are started while the application is made, so that whoever is injected one can use it at once, and
 * stopped after its server has closed.
 *
 * Every call that is made while a request is handled belongs to it: it ends when the client goes away before it was
 * answered, and by `requestTimeoutMs`. What must outlive the request is begun in `withoutDeadline`. An error of a
 * service that no handler caught is answered as `answerFor` says.
 */
export class HawserModule {
  readonly #run: Run;
  readonly #settings: ReadSettings;
  readonly #modules: ModuleRef;
  readonly #host: HttpAdapterHost;

  /** @internal Nest makes it. */
  constructor(run: Run, settings: ReadSettings, modules: ModuleRef, host: HttpAdapterHost) {
    this.#run = run;
    this.#settings = settings;
    this.#modules = modules;
    this.#host = host;
  }

  /** @throws ServiceConfigurationError with every problem of the options at once. */
  static forRoot(options: HawserModuleOptions): DynamicModule {
    const { services, isGlobal, ...settings } = readOptions(options);
    return moduleOf({ services, isGlobal }, [{ provide: settingsToken, useValue: settings }], []);
  }

  /**
   * The same with settings that other modules provide. The services themselves are given at once.
   *
   * @throws ServiceConfigurationError with every problem of the options at once.
   */
  static forRootAsync(options: HawserModuleAsyncOptions): DynamicModule {
    const { services, isGlobal, ...source } = readAsyncOptions(options);
    return moduleOf({ services, isGlobal }, settingsProviders(source), source.imports);
  }

  /** @internal Called by Nest. */
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(this.#enterRequest.bind(this)).forRoutes("{*path}");
  }

  /** @internal Called by Nest, after it made what it makes once. */
  onModuleInit(): void {
    this.#run.isMade = true;
  }

  /** @internal Called by Nest, before it closes the server and waits for its connections. */
  beforeApplicationShutdown(): void {
    const server = this.#host.httpAdapter?.getHttpServer() as Server | undefined;
    if (server !== undefined) endConnectionsUntilClosed(server);
  }

  /** @internal Called by Nest, after the server has closed. */
  async onApplicationShutdown(): Promise<void> {
    await this.#run.leave();
  }

  /** Request and response are those of Node: Fastify's own are not made yet where Nest runs its middleware. */
  #enterRequest(request: IncomingMessage, response: ServerResponse, next: () => void): void {
    const { services } = this.#run;
    const { requestTimeoutMs, loggerFor } = this.#settings;
    const enter = requestScope({
      services,
      signal: clientGone(response).signal,
      timeoutMs: requestTimeoutMs,
      logger: withWholeUrl(request, loggerFor),
      traceparent: request.headers.traceparent,
      tracestate: request.headers.tracestate,
    });
    if (this.#run.replaced.size === 0) enter(next);
    else void services.with(fakesOf(this.#run, this.#modules), () => enter(next));
  }
}

/** Nest's middleware is mounted at a path, and Express hides from it what it is mounted at. */
function withWholeUrl<T>(
  request: IncomingMessage & { originalUrl?: string },
  work: (request: IncomingMessage) => T,
): T {
  const { url, originalUrl } = request;
  request.url = originalUrl ?? url;
  try {
    return work(request);
  } finally {
    request.url = url;
  }
}

Module({})(HawserModule);
for (const [index, token] of [runToken, settingsToken, ModuleRef, HttpAdapterHost].entries()) {
  Inject(token)(HawserModule, undefined, index);
}

function moduleOf(
  { services, isGlobal }: ReadServices,
  settings: readonly Provider[],
  imports: DynamicModule["imports"],
): DynamicModule {
  const providers = serviceProviders(services);
  const health: FactoryProvider = {
    provide: HawserHealthIndicator,
    inject: [servicesToken],
    useFactory: (registry: ServiceRegistry) => new HawserHealthIndicator(registry),
  };
  const filter: FactoryProvider = {
    provide: APP_FILTER,
    inject: [settingsToken, HttpAdapterHost],
    useFactory: ({ answerFor }: ReadSettings, host: HttpAdapterHost) => new HawserExceptionFilter(answerFor, host),
  };
  const exported = [...providers, health].map(({ provide }) => provide).filter((token) => token !== runToken);
  return {
    module: HawserModule,
    global: isGlobal,
    imports: imports ?? [],
    providers: [...settings, ...providers, health, filter],
    exports: exported as NonNullable<DynamicModule["exports"]>,
  };
}

function settingsProviders(source: AsyncSource): Provider[] {
  if (source.from === "factory") {
    const make = source.make as (...dependencies: unknown[]) => HawserSettings | Promise<HawserSettings>;
    const useFactory = async (...dependencies: unknown[]): Promise<ReadSettings> =>
      readSettings(await make(...dependencies));
    return [{ provide: settingsToken, inject: [...source.inject], useFactory }];
  }
  const fromFactory: FactoryProvider = {
    provide: settingsToken,
    inject: [source.token],
    useFactory: async (factory: HawserSettingsFactory) => readSettings(await factory.createHawserSettings()),
  };
  return source.from === "existing" ? [fromFactory] : [fromFactory, source.token as Provider];
}
