/**
 * Settings from the environment, and services that start and stop with the application.
 *
 * Wants PAYMENT_GATEWAY_URL, PAYMENT_GATEWAY_API_KEY, REALTIME_WS_URL and REALTIME_WS_KEY; takes
 * PAYMENT_GATEWAY_TIMEOUT (30, 30s, 500ms) and REALTIME_WS_PING_INTERVAL as well.
 */
import { defineServices, isServiceConfigurationError, rest, ws } from "hawser";

const services = defineServices({
  paymentGateway: rest({ endpointBase: "/v1" }),
  realtimeWs: ws({ endpoint: "/stream" }),
  ledger: rest({ optional: true }), // no LEDGER_URL: skipped, and said so
});

// What is missing or wrong is told all at once, before anything is connected, and never with its value.
const wrong = defineServices(
  { paymentGateway: rest(), realtimeWs: ws() },
  { env: { PAYMENT_GATEWAY_TIMEOUT: "soon" } },
);
try {
  await wrong.start();
} catch (error) {
  if (!isServiceConfigurationError(error)) throw error;
  console.log(`refused with ${error.problems.length} problems`);
}

await services.start();
try {
  const { status } = await services.health();
  console.log(`started: ${services.names.join(", ")}; health ${status}`);
} finally {
  await services.stop();
  console.log("stopped");
}
