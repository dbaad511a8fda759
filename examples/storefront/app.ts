import { type FastifyError, type FastifyInstance, fastify } from "fastify";
import { type Environment, isExternalServiceError, type Logger } from "hawser";
import { hawser } from "hawser/fastify";
import { Activity } from "./activity.ts";
import { BackgroundWork } from "./background.ts";
import { retryAfterS, sendProblem, upstreamProblem } from "./problems.ts";
import { addHealthRoute } from "./routes/health.ts";
import { addPaymentRoutes } from "./routes/payments.ts";
import { addPriceRoutes } from "./routes/prices.ts";
import { addStatusPage } from "./routes/status-page.ts";
import { createServices } from "./services.ts";

/** Who asks us waits no longer than this, whatever happens behind us. */
const requestTimeoutMs = 10_000;
/** For what is under way when the application closes; then it is cut off. With those of the services, 1.3 s at most. */
const closing = { requestsMs: 500, backgroundMs: 200 };

/** What the storefront is made with. */
export interface StorefrontOptions {
  /** Where the services are, and their keys; see `services.ts`. */
  readonly env: Environment;
  readonly logger: Logger;
  /** Where faults can be switched on, for the status page to tell. */
  readonly controlUrl?: string | undefined;
}

/** The application and what the rest of the program looks at. */
export interface Storefront {
  readonly app: FastifyInstance;
  readonly activity: Activity;
  readonly background: BackgroundWork;
}

/** Makes the application. It is moored to its services once it is ready or listens, and lets go when it is closed. */
export function createStorefront({ env, logger, controlUrl }: StorefrontOptions): Storefront {
  const app = fastify();
  const activity = new Activity();
  const background = new BackgroundWork();

  app.register(hawser, { services: createServices({ env, logger }), requestTimeoutMs });
  app.setErrorHandler<FastifyError>((error, _request, reply) => {
    if (isExternalServiceError(error)) {
      const problem = upstreamProblem(error);
      if (problem.status === 503) reply.header("retry-after", retryAfterS(error));
      return sendProblem(reply, problem);
    }
    const { statusCode: status = 500, message } = error;
    if (status < 500) return sendProblem(reply, { title: "Bad request", status, detail: message });
    logger.error({ err: error }, "a request failed");
    return sendProblem(reply, { title: "Internal error", status: 500, detail: "It is our fault." });
  });
  app.setNotFoundHandler((_request, reply) =>
    sendProblem(reply, { title: "Not found", status: 404, detail: "There is nothing here." }),
  );

  app.register((routes, _options, done) => {
    addPaymentRoutes(routes, background);
    addPriceRoutes(routes);
    addHealthRoute(routes);
    addStatusPage(routes, { activity, background, controlUrl });
    done();
  });

  app.addHook("preClose", (done) => {
    // A connection that is cut ends the calls that were made for its request.
    const cut = setTimeout(() => app.server.closeAllConnections(), closing.requestsMs).unref();
    app.server.once("close", () => clearTimeout(cut));
    done();
  });
  // After the plugin: its services are there when these are ready, and still there when these close.
  app.after(() => {
    app.addHook("onReady", (done) => {
      app.services.get("realtime").onTick(() => activity.of("realtime").count("ok"));
      done();
    });
    app.addHook("onClose", async () => {
      await background.drain(closing.backgroundMs);
      activity[Symbol.dispose]();
    });
  });
  return { app, activity, background };
}
