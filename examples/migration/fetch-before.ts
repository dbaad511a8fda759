import type { Payment, PaymentsClient } from "./payments-client.ts";

export function fetchPayments(baseUrl: string, apiKey: string): PaymentsClient {
  async function call(path: string, init: RequestInit = {}): Promise<Response> {
    for (let attempt = 0; ; attempt++) {
      const signal = AbortSignal.any([AbortSignal.timeout(10_000), ...(init.signal ? [init.signal] : [])]);
      try {
        const response = await fetch(`${baseUrl}${path}`, {
          ...init,
          signal,
          headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
        });
        if (response.status < 500 || attempt === 3) return response;
      } catch (error) {
        if (attempt === 3 || init.signal?.aborted) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt));
    }
  }

  return {
    async findPayment(id, signal) {
      const response = await call(`/payments/${encodeURIComponent(id)}`, { signal: signal ?? null });
      if (response.status === 404) return undefined;
      if (!response.ok) throw new Error(`GET /payments: ${response.status}`);
      return (await response.json()) as Payment;
    },

    async createPayment(amount, currency) {
      const response = await call("/payments", { method: "POST", body: JSON.stringify({ amount, currency }) });
      if (!response.ok) throw new Error(`POST /payments: ${response.status}`);
      return (await response.json()) as Payment;
    },

    async listPayments(currency) {
      const response = await call(`/payments?currency=${encodeURIComponent(currency)}`);
      if (!response.ok) throw new Error(`GET /payments: ${response.status}`);
      return (await response.json()) as Payment[];
    },
  };
}
