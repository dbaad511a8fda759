/* oxlint-disable promise/valid-params -- that of a filter, not of a promise */
import type { ServerResponse } from "node:http";
import { type ArgumentsHost, BadRequestException, Catch, Logger } from "@nestjs/common";
import { HttpAdapterHost } from "@nestjs/core";
import { lastValueFrom } from "rxjs";
import { describe, expect, test, vi } from "vitest";
import { answerForError } from "../../src/core/error-answer.ts";
import { ServiceUnavailableError } from "../../src/core/errors.ts";
import type { HawserModuleOptions } from "../../src/frameworks/nestjs.ts";
import { HawserExceptionFilter } from "../../src/frameworks/nestjs-filter.ts";
import { refusingUrl } from "../support/http-server.ts";
import { reasonOf } from "../support/rest-client.ts";
import {
  appModule,
  appOf,
  controllerOf,
  type PaymentGatewayClient,
  rawController,
  services,
  urlOf,
} from "./nestjs-bench.ts";

const failure = new ServiceUnavailableError("circuit-open", {
  service: "paymentGateway",
  phase: "queue",
  outcome: "not-sent",
  detail: "the circuit is open",
});
const within = (type: string): ArgumentsHost => ({ getType: () => type }) as unknown as ArgumentsHost;
const filter = (answerFor?: typeof answerForError) => new HawserExceptionFilter(answerFor, new HttpAdapterHost());

test("a microservice is answered by what kind of failure it is, and nothing of the service", async () => {
  const answered = filter(answerForError).catch(failure, within("rpc"));
  expect(answered && (await reasonOf(lastValueFrom(answered)))).toEqual({
    status: "error",
    message: "Service Unavailable",
  });
  const left = filter().catch(failure, within("rpc"));
  expect(left && (await reasonOf(lastValueFrom(left)))).toEqual({ status: "error", message: "Internal server error" });
});

test("a resolver has its own way with errors", () => {
  expect(() => filter(answerForError).catch(failure, within("graphql"))).toThrow(failure);
});

describe("the answer to an error", () => {
  async function answering(handler: () => unknown, settings: Partial<HawserModuleOptions> = {}, url?: string) {
    const registry = services(url ?? "https://a.example");
    const controllers = [controllerOf({ pay: () => handler.call(registry.get("paymentGateway")) })];
    await using app = await appOf(appModule({ services: registry, ...settings }, { controllers }));
    const answer = await fetch(`${await urlOf(app)}/pay`);
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  }
  function pay(this: PaymentGatewayClient): Promise<unknown> {
    return this.createPayment(5);
  }

  test("HttpExceptions and the application's own errors are Nest's", async () => {
    const bad = await answering(() => {
      throw new BadRequestException("no such currency");
    });
    expect([bad.status, JSON.parse(bad.text)]).toEqual([400, expect.objectContaining({ message: "no such currency" })]);
    const own = await answering(() => {
      throw new Error("mine");
    });
    expect([own.status, own.text]).toEqual([500, '{"statusCode":500,"message":"Internal server error"}']);
  });

  test("answerFor replaces it, leaves to Nest what it says nothing to, and false leaves all", async () => {
    const url = await refusingUrl();
    const teapot = { status: 418, headers: { "x-own": "yes" }, body: { type: "about:blank", title: "T", status: 418 } };
    const replaced = await answering(pay, { answerFor: () => teapot }, url);
    expect([replaced.status, replaced.headers.get("x-own"), JSON.parse(replaced.text)]).toEqual([
      418,
      "yes",
      teapot.body,
    ]);
    for (const answerFor of [() => undefined, false] as const) {
      const left = await answering(pay, { answerFor }, url);
      expect([left.status, left.text]).toEqual([500, '{"statusCode":500,"message":"Internal server error"}']);
    }
  });

  test("a filter of the application for everything comes first", async () => {
    const registry = services(await refusingUrl());
    const controllers = [controllerOf({ pay: () => registry.get("paymentGateway").createPayment(5) })];
    await using app = await appOf(appModule({ services: registry }, { controllers }));
    class Everything {
      catch(_error: unknown, host: ArgumentsHost): void {
        host.switchToHttp().getResponse<ServerResponse>().writeHead(418).end();
      }
    }
    Catch()(Everything);
    app.useGlobalFilters(new Everything());
    expect((await fetch(`${await urlOf(app)}/pay`)).status).toBe(418);
  });

  test("a mistake in the configuration is 500, and in the log", async () => {
    const logged = vi.spyOn(Logger.prototype, "error").mockReturnValue(undefined);
    const registry = services("https://a.example");
    const { status, text } = await answering(() => registry.get("nothing" as never));
    expect([status, text]).toEqual([500, expect.not.stringContaining("nothing")]);
    expect(logged).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: "configuration-invalid" }));
    logged.mockRestore();
  });

  test("an answer that has begun is broken off, and not ended as if it were whole", async () => {
    const handler = async (response: ServerResponse): Promise<void> => {
      response.write("begun, ");
      throw (await reasonOf(registry.get("paymentGateway").createPayment(5))) as Error;
    };
    const registry = services(await refusingUrl());
    await using app = await appOf(appModule({ services: registry }, { controllers: [rawController("pay", handler)] }));
    const answer = await fetch(`${await urlOf(app)}/pay`);
    expect(answer.status).toBe(200);
    expect(await reasonOf(answer.text())).toBeInstanceOf(TypeError);
  });
});
