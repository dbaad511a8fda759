/**
 * A REST client whose calls carry access tokens, got with client credentials.
 *
 * Wants PAYMENT_GATEWAY_URL, and OAUTH_TOKEN_URL, OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET.
 */
import { RESTService, Secret } from "hawser";
import { oauth2ClientCredentials } from "hawser/auth/oauth2";
import { env } from "node:process";

class PaymentGatewayClient extends RESTService {}

await using payments = new PaymentGatewayClient({
  baseUrl: env["PAYMENT_GATEWAY_URL"] ?? "http://127.0.0.1:4010",
  endpointBase: "/v1",
  idempotency: true,
  auth: oauth2ClientCredentials({
    tokenUrl: env["OAUTH_TOKEN_URL"] ?? "http://127.0.0.1:4014/oauth/token",
    clientId: env["OAUTH_CLIENT_ID"] ?? "sandbox-client",
    clientSecret: new Secret(env["OAUTH_CLIENT_SECRET"] ?? "sandbox-client-secret"),
    scope: ["payments:read", "payments:write"],
  }),
});
await payments.connect();

// Ten calls at once on a fresh service: one request for a token.
const made = Array.from({ length: 10 }, () => payments.post("/payments", { json: { amount: 1, currency: "EUR" } }));
const answers = await Promise.all(made);
console.log(answers.map(({ status }) => status).join(" "));
