import type { ServerResponse } from "node:http";
import { type ArgumentsHost, Catch, Logger, type Type } from "@nestjs/common";
import { BaseExceptionFilter, type HttpAdapterHost } from "@nestjs/core";
import { type Observable, throwError } from "rxjs";
import { isClientGoneError } from "../core/client-gone.ts";
import type { AnswerForError } from "../core/error-answer.ts";
import { isExternalServiceError } from "../core/errors.ts";
import { headersOfAnswer, reportUncalled } from "./request-scope.ts";

/** Answers to the errors of services, as `answerFor` says; what it says nothing to goes on to Nest's own filter. */
export class HawserExceptionFilter extends BaseExceptionFilter {
  readonly #answerFor: AnswerForError | undefined;
  readonly #host: HttpAdapterHost;
  readonly #logger = new Logger("Hawser");

  constructor(answerFor: AnswerForError | undefined, host: HttpAdapterHost) {
    super(host.httpAdapter);
    this.#answerFor = answerFor;
    this.#host = host;
  }

  override catch(error: unknown, host: ArgumentsHost): Observable<never> | undefined {
    const answer = this.#answerFor?.(error);
    // A microservice is given what it answers, as Nest's own filter does, for what is thrown here nobody catches.
    if (host.getType() === "rpc") {
      const message = answer?.body.title ?? "Internal server error";
      return throwError(() => ({ status: "error", message }));
    }
    // Whatever else it is, a resolver of GraphQL say, has its own way with errors.
    if (host.getType() !== "http") throw error;
    const { httpAdapter } = this.#host;
    const response = host.switchToHttp().getResponse<Response>();
    if (answer === undefined) {
      // oxlint-disable-next-line promise/valid-params, promise/no-promise-in-callback -- that of a filter, not of a promise
      super.catch(error, host);
      return undefined;
    }
    if (httpAdapter.isHeadersSent(response)) {
      // Ended as if it were whole, as Nest would do, what has gone out would be taken for the whole.
      (response.raw ?? response).destroy();
      return undefined;
    }
    reportUncalled(error, answer, () => this.#logger.error(error));
    for (const name of headersOfAnswer) response.removeHeader(name);
    for (const [name, value] of Object.entries(answer.headers)) httpAdapter.setHeader(response, name, value);
    httpAdapter.reply(response, answer.body, answer.status);
    return undefined;
  }
}

/** What a handler answers with: Node's own, or what Fastify puts around it. */
type Response = ServerResponse & { readonly raw?: ServerResponse };

/** Told by brand and not by class: an error of another installed copy of the package is one as well. */
const ofServices = {
  [Symbol.hasInstance]: (error: unknown): boolean => isExternalServiceError(error) || isClientGoneError(error),
};

// Nest asks `instanceof` of what it is given here, and nothing else.
Catch(ofServices as unknown as Type)(HawserExceptionFilter);
