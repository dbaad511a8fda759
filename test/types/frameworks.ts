/** The blocks of docs/frameworks.md that stand in no example. Compiled, and never run. */
import { createServer } from "node:http";
import type { Express, RequestHandler } from "express";
import type { FastifyInstance } from "fastify";
import {
  answerForError,
  type AnswerForError,
  currentRequest,
  type ErrorAnswer,
  type Logger,
  type RESTService,
  withoutDeadline,
  withRequest,
} from "hawser";
import { hawser as expressMiddleware } from "hawser/express";
import { hawser as fastifyPlugin } from "hawser/fastify";

declare const fastify: FastifyInstance;
declare const express: Express;
declare const services: Parameters<typeof expressMiddleware>[0]["services"];
declare const log: Logger;
declare const payments: RESTService;
declare function notify(id: string): Promise<void>;
declare const internalError: ErrorAnswer;
declare function rawBody(): RequestHandler;
declare const id: string;

export function outlives(): void {
  // The customer does not wait for it, so it does not end with the request.
  withoutDeadline(() => void notify(id));
}

export function byHand(): void {
  createServer((request, response) => {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const { traceparent, tracestate } = request.headers;
    const trace = { traceparent, tracestate };
    void withRequest({ deadlineMs: 10_000, signal: gone.signal, logger: log, trace }, async () => {
      try {
        response.end((await payments.get("/rates")).bytes());
      } catch (error) {
        const { status, headers, body } = answerForError(error) ?? internalError;
        response.writeHead(status, headers).end(JSON.stringify(body));
      }
    });
  });
}

export function remaining(): number | undefined {
  return currentRequest()?.remainingMs();
}

const answerFor: AnswerForError = (error) => {
  const answer = answerForError(error);
  if (answer?.status !== 503) return answer;
  return { ...answer, body: { ...answer.body, detail: "We are busy. Your order is kept." } };
};

export async function withOwnAnswers(): Promise<void> {
  await fastify.register(fastifyPlugin, { services, answerFor });
}

export async function withOwnHandler(): Promise<void> {
  await fastify.register(fastifyPlugin, { services, answerFor: false });
  fastify.setErrorHandler((error, _request, reply) => {
    const answer = answerForError(error);
    if (answer === undefined) return reply.code(500).send({ error: "something went wrong" });
    return reply.code(answer.status).headers(answer.headers).send(answer.body);
  });
}

export function aroundRawBodies(): void {
  const request = expressMiddleware({ services });
  express.use(request, rawBody(), request);
}
