// Compiled and never run: the blocks of docs/auth.md, and what the types of the providers promise.
import {
  apiKeyHeader,
  apiKeyQuery,
  type AuthProvider,
  basic,
  bearer,
  hmac,
  RESTService,
  type RESTServiceOptions,
  type Secret,
} from "hawser";
import { oauth2ClientCredentials } from "hawser/auth/oauth2";
import { awsSigV4 } from "hawser/auth/sigv4";
import { expectTypeOf } from "vitest";

declare const secret: Secret;
declare const vault: {
  read(name: string, options: { signal: AbortSignal }): Promise<{ value: string; ttlMs: number }>;
};
declare const fromNodeProviderChain: () => () => Promise<{ accessKeyId: string; secretAccessKey: string }>;
declare const certificate: { cert: string; key: string };

class PaymentGatewayClient extends RESTService {}
const baseUrl = "https://api.example.com";

export const clients = [
  new PaymentGatewayClient({ baseUrl, auth: basic("user", secret) }),
  new PaymentGatewayClient({ baseUrl, auth: apiKeyHeader("x-api-key", secret) }),
  new PaymentGatewayClient({ baseUrl, auth: apiKeyQuery("key", secret) }),

  new PaymentGatewayClient({
    baseUrl,
    auth: bearer(async ({ signal }) => {
      const { value, ttlMs } = await vault.read("gateway-token", { signal });
      return { token: value, expiresInMs: ttlMs };
    }),
  }),

  new PaymentGatewayClient({
    baseUrl,
    auth: oauth2ClientCredentials({
      tokenUrl: "https://login.example.com/oauth/token",
      clientId: "storefront",
      clientSecret: secret,
      scope: "payments",
      parameters: { audience: "https://api.example.com" },
    }),
  }),

  new PaymentGatewayClient({
    baseUrl: "https://reports.s3.eu-central-1.amazonaws.com",
    auth: awsSigV4({ region: "eu-central-1", service: "s3", credentials: fromNodeProviderChain() }),
  }),

  new PaymentGatewayClient({
    baseUrl,
    auth: hmac({
      key: secret,
      prefix: "v1=",
      timestamp: "milliseconds",
      canonical: ({ timestamp, body }) => `${timestamp}.${String(body)}`,
    }),
  }),

  new PaymentGatewayClient({ baseUrl, tls: { cert: certificate.cert, key: certificate.key } }),
];

export const twoParts: AuthProvider = {
  name: "tenant-and-token",
  apply: async ({ signal }) => {
    const { value } = await vault.read("gateway-token", { signal });
    return { headers: { authorization: `Bearer ${value}`, "x-tenant": "de" } };
  },
};

expectTypeOf<AuthProvider>().toExtend<RESTServiceOptions["auth"]>();
// @ts-expect-error: a secret is no number
bearer(5);
// @ts-expect-error: without the client's secret there is no token
oauth2ClientCredentials({ tokenUrl: "https://login.example.com/oauth/token", clientId: "storefront" });
// @ts-expect-error: a provider gives an object, not the header's value
export const wrong: RESTServiceOptions["auth"] = { name: "own", apply: async () => "Bearer x" };
