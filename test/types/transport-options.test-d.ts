// Compiled and never run: the code of docs/transport.md.
import { readFileSync } from "node:fs";
import { RESTService } from "hawser";

class PaymentGatewayClient extends RESTService {}
class WebhookClient extends RESTService {}

export const payments: RESTService = new PaymentGatewayClient({
  baseUrl: "https://payments.example",
  maxConnections: 32,
  maxConnectionAgeMs: 300_000,
  http2: true,
  proxy: "http://proxy.example:3128",
  tls: {
    ca: readFileSync("/etc/payments/ca.pem"),
    cert: readFileSync("/etc/payments/client.pem"),
    key: readFileSync("/etc/payments/client.key"),
  },
  cache: { maxBytes: 20_000_000 },
});

export const webhook = (url: string): RESTService =>
  new WebhookClient({
    baseUrl: url,
    blockPrivateAddresses: true,
    proxy: false,
    maxRedirects: 0,
    maxResponseBytes: 64_000,
  });
