import { defineServices, type RegistryOptions, rest, ws } from "hawser";
import { NotificationClient } from "./clients/notification-service.ts";
import { PaymentGatewayClient } from "./clients/payment-gateway.ts";
import { PriceFeed } from "./clients/price-feed.ts";

/**
 * The services that the storefront is moored to. URLs and keys come from the environment: PAYMENT_GATEWAY_URL,
 * PAYMENT_GATEWAY_API_KEY, NOTIFICATION_SERVICE_URL, REALTIME_URL and so on.
 */
export function createServices(options: RegistryOptions = {}) {
  return defineServices(
    {
      // The gateway honours idempotency keys, so a payment may be repeated: an attempt that hangs is given up early.
      paymentGateway: rest(PaymentGatewayClient, {
        endpointBase: "/v1",
        idempotency: true,
        // Without it nothing can be sold; without notifications or prices most of the shop still works.
        critical: true,
        deadlineMs: 8_000,
        attemptTimeoutMs: 2_000,
        bodyIdleTimeoutMs: 800,
        connectTimeoutMs: 1_000,
        closeTimeoutMs: 200,
      }),
      // Nobody waits for a notification: it may take its time.
      notificationService: rest(NotificationClient, { idempotency: true, closeTimeoutMs: 200 }),
      // Old prices are worthless: a dead connection is noticed within 3 s and replaced within another.
      realtime: ws(PriceFeed, {
        endpoint: "/stream",
        pingIntervalMs: 2_000,
        pingTimeoutMs: 1_000,
        reconnect: { baseDelayMs: 100, maxDelayMs: 1_000 },
        closeTimeoutMs: 200,
      }),
    },
    options,
  );
}

/** The registry, with the class of each service. */
export type Services = ReturnType<typeof createServices>;

// Says to Hawser's plugin, once, what `app.services` is.
declare module "hawser" {
  interface Register {
    services: Services;
  }
}
