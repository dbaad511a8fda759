// Compiled and never run: a line that must not compile says so above itself, and the compiler checks that it does not.
import type { Request, Response } from "express";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Context } from "hono";
import type { AnswerForError, Logger } from "hawser";
import { answerErrors as answerExpressErrors, hawser as expressMiddleware } from "hawser/express";
import { hawser as fastifyPlugin } from "hawser/fastify";
import { answerErrors as answerHonoErrors, hawser as honoMiddleware } from "hawser/hono";
import type { Services } from "../../examples/storefront/services.ts";

// What `Register` says to be the services, every adapter hands out; the storefront says it here.
declare const services: Services;
declare const log: Logger;
declare const fastify: FastifyInstance;

export const inFastify = (request: FastifyRequest): Services => {
  // @ts-expect-error no service has this name
  request.services.get("paymentGatewy");
  // @ts-expect-error the registry of a request is not to be replaced
  request.services = services;
  return request.services;
};

export const inHono = (context: Context): Services => {
  // @ts-expect-error no service has this name
  context.var.services.get("paymentGatewy");
  return context.get("services");
};

export const inExpress = (request: Request, response: Response): Services[] => {
  // @ts-expect-error no service has this name
  request.services.get("paymentGatewy");
  // @ts-expect-error no method of the service has this name
  void response.locals.services.get("paymentGateway").createPaymnt();
  return [request.services, response.locals.services];
};

export const options = (): unknown[] => [
  fastify.register(fastifyPlugin, { services, answerFor: false, requestTimeoutMs: 5 }),
  honoMiddleware({ services, loggerFor: (context) => (context.req.path === "/" ? undefined : log) }),
  // @ts-expect-error services are required
  honoMiddleware({}),
  // @ts-expect-error a registry has start() and stop()
  expressMiddleware({ services: {} }),
  // @ts-expect-error an unknown option
  expressMiddleware({ services, timeoutMs: 5 }),
  // @ts-expect-error it takes a function
  answerExpressErrors({ answerFor: false }),
  answerHonoErrors({ otherwise: (error, context) => context.text(error.message, 500) }),
];

// @ts-expect-error an answer has a status, headers and a body
export const noAnswer: AnswerForError = () => ({ status: 500 });
