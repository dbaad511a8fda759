import got, { HTTPError } from "got";
import type { Payment, PaymentsClient } from "./payments-client.ts";

export function gotPayments(baseUrl: string, apiKey: string): PaymentsClient {
  const http = got.extend({
    prefixUrl: baseUrl,
    headers: { authorization: `Bearer ${apiKey}` },
    timeout: { request: 10_000, connect: 3_000 },
    retry: { limit: 3 },
  });

  return {
    async findPayment(id, signal) {
      try {
        return await http.get(`payments/${encodeURIComponent(id)}`, { signal }).json<Payment>();
      } catch (error) {
        if (error instanceof HTTPError && error.response.statusCode === 404) return undefined;
        throw error;
      }
    },

    createPayment(amount, currency) {
      return http.post("payments", { json: { amount, currency } }).json<Payment>();
    },

    listPayments(currency) {
      return http.get("payments", { searchParams: { currency } }).json<Payment[]>();
    },
  };
}
