import { type AxiosAdapter, AxiosError, AxiosHeaders, create, type InternalAxiosRequestConfig } from "axios";
import axiosRetry, { exponentialDelay, type IAxiosRetryConfig, isNetworkOrIdempotentRequestError } from "axios-retry";
import type { ClientParts, Send, Subject } from "../subject.ts";
import { attemptOnce, underDeadline, WireError } from "./wire.ts";

interface LabConfig extends InternalAxiosRequestConfig {
  readonly labSend?: Send;
}

function client(parts: ClientParts, options: IAxiosRetryConfig): ReturnType<Subject["client"]> {
  const instance = create({ adapter: adapterOn(parts), timeout: parts.attemptTimeoutMs });
  axiosRetry(instance, { retries: 3, retryDelay: exponentialDelay, shouldResetTimeout: true, ...options });
  return {
    call: (send) =>
      underDeadline(parts, (signal) => instance.get("http://service/", { signal, labSend: send } as object)),
  };
}

/** As axios's own adapter for Node ends, on the modelled wire. */
function adapterOn({ clock }: ClientParts): AxiosAdapter {
  return async (given) => {
    const config = given as LabConfig;
    const { labSend: send, timeout, signal } = config;
    if (send === undefined) throw new Error("the lab's axios adapter was called without a wire");
    const fail = (message: string, code: string, status?: number, headers?: Record<string, string>): AxiosError =>
      new AxiosError(
        message,
        code,
        config,
        undefined,
        status === undefined
          ? undefined
          : { status, statusText: "", data: "", headers: new AxiosHeaders(headers), config },
      );
    try {
      await attemptOnce(send, {
        clock,
        ...(timeout === undefined ? {} : { timeoutMs: timeout }),
        ...(signal === undefined ? {} : { signal: signal as AbortSignal }),
      });
    } catch (error) {
      if (signal?.aborted === true) throw fail("canceled", AxiosError.ERR_CANCELED);
      if (!(error instanceof WireError)) throw error;
      if (error.name === "TimeoutError") throw fail(`timeout of ${timeout}ms exceeded`, AxiosError.ECONNABORTED);
      if (error.status === undefined) throw fail(error.message, error.code ?? "ECONNRESET");
      const isClientError = error.status < 500;
      const code = isClientError ? AxiosError.ERR_BAD_REQUEST : AxiosError.ERR_BAD_RESPONSE;
      const seconds = error.retryAfterSeconds;
      throw fail(error.message, code, error.status, seconds === undefined ? {} : { "retry-after": String(seconds) });
    }
    return { status: 200, statusText: "OK", data: "", headers: new AxiosHeaders(), config };
  };
}

/** axios-retry 4 with its own condition, which does not retry timeouts. */
export const axiosRetryDefault: Subject = {
  id: "axios-retry",
  name: "axios-retry",
  group: "peer",
  about: "retries: 3, retryDelay: exponentialDelay, shouldResetTimeout: true; its own condition leaves timeouts alone.",
  client: (parts) => client(parts, {}),
};

/** The same where timeouts are retried as well, as its README shows how to. */
export const axiosRetryTimeouts: Subject = {
  id: "axios-retry-timeouts",
  name: "axios-retry + timeouts",
  group: "peer",
  about: "As axios-retry, with retryCondition: its own, or code ECONNABORTED.",
  client: (parts) =>
    client(parts, {
      retryCondition: (error) => isNetworkOrIdempotentRequestError(error) || error.code === AxiosError.ECONNABORTED,
    }),
};
