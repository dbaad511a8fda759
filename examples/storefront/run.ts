import type { Environment, Logger } from "hawser";
import { type Sandbox, startSandbox } from "../../sandbox/sandbox.ts";
import { createStorefront, type Storefront } from "./app.ts";
import type { Flags } from "./flags.ts";
import { listenOn, movedNote } from "./ports.ts";

/** Sandbox and application, up and moored. */
export interface Running extends AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly storefront: Storefront;
  readonly url: string;
  /** What is not on the port that was asked for. */
  readonly moved: readonly string[];
}

/** Starts the services of the sandbox and the application that depends on them. Disposing it ends both. */
export async function run(flags: Flags, logger: Logger): Promise<Running> {
  await using started = new AsyncDisposableStack();
  const sandbox = started.use(await startSandbox(flags));
  const storefront = createStorefront({ env: environmentOf(sandbox), logger, controlUrl: sandbox.controlUrl });
  started.defer(() => storefront.app.close());
  const url = await listenOn(storefront.app, flags.port);
  const moved = [
    movedNote("the application", flags.port, url),
    movedNote("the payment gateway", flags.gatewayPort, sandbox.gateway.url),
    movedNote("the notification service", flags.notificationsPort, sandbox.notifications.url),
    movedNote("the price feed", flags.feedPort, sandbox.feed.url),
    movedNote("the fault control", flags.controlPort, sandbox.controlUrl),
  ].filter((note) => note !== undefined);
  const all = started.move();
  return { sandbox, storefront, url, moved, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** What a deployment would set, for the services of the sandbox. */
export function environmentOf({ gateway, notifications, feed }: Sandbox): Environment {
  return {
    PAYMENT_GATEWAY_URL: gateway.url,
    PAYMENT_GATEWAY_API_KEY: gateway.apiKey,
    NOTIFICATION_SERVICE_URL: notifications.url,
    NOTIFICATION_SERVICE_API_KEY: notifications.apiKey,
    REALTIME_URL: feed.url,
    REALTIME_API_KEY: feed.apiKey,
  };
}
