import { type ClientRequest, request as httpRequest, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  All,
  Controller,
  Get,
  Inject,
  Injectable,
  type INestApplication,
  type INestApplicationContext,
  Module,
  type ModuleMetadata,
  Optional,
  Res,
  type Type,
} from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { silentLogger } from "../../src/core/logger.ts";
import { HawserModule, type HawserModuleOptions } from "../../src/frameworks/nestjs.ts";
import { defineServices } from "../../src/registry/define.ts";
import { rest } from "../../src/registry/definition.ts";
import { RESTService } from "../../src/rest/rest-service.ts";

// Decorators as functions: this repository's TypeScript is only stripped of its types. examples/nestjs has real ones.

/** A class that is injected these, in this order; a token in an array is optional. */
export function injectable<T>(Class: abstract new (...args: never[]) => T, ...tokens: readonly unknown[]): Type<T> {
  Injectable()(Class);
  for (const [index, token] of tokens.entries()) {
    const isOptional = Array.isArray(token);
    Inject((isOptional ? token[0] : token) as string)(Class, undefined, index);
    if (isOptional) Optional()(Class, undefined, index);
  }
  return Class as Type<T>;
}

/** A controller that answers each of these paths, whatever the method, with what its handler returns. */
export function controllerOf(handlers: Readonly<Record<string, () => unknown>>): Type {
  // oxlint-disable-next-line typescript/no-extraneous-class -- its methods come below
  class Routes {}
  Controller()(Routes);
  for (const [path, handler] of Object.entries(handlers)) {
    const descriptor = { value: () => handler(), configurable: true };
    Object.defineProperty(Routes.prototype, path, descriptor);
    All(path)(Routes.prototype, path, descriptor);
  }
  return Routes;
}

/** The same for one handler that answers by itself. */
export function rawController(path: string, handler: (response: ServerResponse) => unknown): Type {
  class Raw {
    answer(response: ServerResponse): unknown {
      return handler(response);
    }
  }
  Controller()(Raw);
  Get(path)(Raw.prototype, "answer", Object.getOwnPropertyDescriptor(Raw.prototype, "answer") ?? {});
  Res()(Raw.prototype, "answer", 0);
  return Raw;
}

/** A module of the application, with the module of the services imported. */
export function appModule(options: HawserModuleOptions, metadata: ModuleMetadata = {}): Type {
  return moduleWith({ ...metadata, imports: [HawserModule.forRoot(options), ...(metadata.imports ?? [])] });
}

export function moduleWith(metadata: ModuleMetadata): Type {
  // oxlint-disable-next-line typescript/no-extraneous-class -- Nest keeps what a module is beside it
  class AppModule {}
  Module(metadata)(AppModule);
  return AppModule;
}

/** An application that says nothing, and is closed with its test. */
export async function appOf(AppModule: Type): Promise<INestApplication & AsyncDisposable> {
  const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
  // What Nest returns is a proxy that takes no further properties.
  return new Proxy(app as INestApplication & AsyncDisposable, {
    get: (target, key) => (key === Symbol.asyncDispose ? () => app.close() : Reflect.get(target, key)),
  });
}

/** A client on a socket of its own, which can hang up. */
export async function hit(app: INestApplication, path: string, body?: string): Promise<ClientRequest> {
  const { port } = app.getHttpServer().address() as AddressInfo;
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const client = httpRequest({ host: "127.0.0.1", port, path, method: body === undefined ? "GET" : "POST", headers });
  client.on("error", () => undefined);
  client.end(body);
  return client;
}

/** Listens, and says where. */
export async function urlOf(app: INestApplication): Promise<string> {
  await app.listen(0, "127.0.0.1");
  return app.getUrl();
}

export class PaymentGatewayClient extends RESTService {
  readonly #path = "/payments";
  createPayment(amount: number): Promise<unknown> {
    return this.postJson(this.#path, { json: { amount } });
  }
}

/** Nothing from the process, and no lines. */
export const options = { logger: silentLogger, env: {} };
/** A registry whose services are all at this URL. */
export const services = (baseUrl: string) =>
  defineServices({ paymentGateway: rest(PaymentGatewayClient, { baseUrl }), other: rest({ baseUrl }) }, options);

/** Whatever is injected, to be looked at. */
export class Injected {
  readonly all: readonly unknown[];
  constructor(...all: readonly unknown[]) {
    this.all = all;
  }
}
/** A provider that is injected these. */
export const holderOf = (...tokens: readonly unknown[]): Type<Injected> =>
  injectable(class extends Injected {}, ...tokens);

export function injectedInto(app: INestApplicationContext, holder: Type<Injected>): readonly unknown[] {
  return app.get<Injected>(holder).all;
}
