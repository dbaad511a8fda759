import axios from "axios";
import axiosRetry, { exponentialDelay, isNetworkOrIdempotentRequestError } from "axios-retry";
import type { Payment, PaymentsClient } from "./payments-client.ts";

export function axiosPayments(baseURL: string, apiKey: string): PaymentsClient {
  const http = axios.create({
    baseURL,
    timeout: 10_000,
    headers: { authorization: `Bearer ${apiKey}` },
  });
  axiosRetry(http, { retries: 3, retryDelay: exponentialDelay, retryCondition: isNetworkOrIdempotentRequestError });

  return {
    async findPayment(id, signal) {
      try {
        const url = `/payments/${encodeURIComponent(id)}`;
        const { data } = await http.get<Payment>(url, signal === undefined ? {} : { signal });
        return data;
      } catch (error) {
        if (axios.isAxiosError(error) && error.response?.status === 404) return undefined;
        throw error;
      }
    },

    async createPayment(amount, currency) {
      const { data } = await http.post<Payment>("/payments", { amount, currency });
      return data;
    },

    async listPayments(currency) {
      const { data } = await http.get<Payment[]>("/payments", { params: { currency } });
      return data;
    },
  };
}
