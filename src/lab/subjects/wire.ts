import type { ClientParts, Send } from "../subject.ts";

/** What a peer's function throws, shaped so that each library recognises what it looks for. */
export class WireError extends Error {
  /** Node's code of a broken connection, as undici and axios pass it on. */
  readonly code: string | undefined;
  readonly status: number | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    message: string,
    facts: { readonly name?: string; readonly code?: string; readonly status?: number; readonly retryAfter?: number },
  ) {
    super(message);
    if (facts.name !== undefined) this.name = facts.name;
    this.code = facts.code;
    this.status = facts.status;
    this.retryAfterSeconds = facts.retryAfter;
  }
}

/**
 * One attempt as applications write it around `fetch`: it has a time limit, obeys a signal, and throws for every
 * status that is not success.
 */
export function attemptOnce(
  send: Send,
  limits: { readonly clock: ClientParts["clock"]; readonly timeoutMs?: number; readonly signal?: AbortSignal },
): Promise<void> {
  const { clock, timeoutMs, signal } = limits;
  return new Promise((resolve, reject) => {
    // As fetch does: what was aborted before is not sent.
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    const finish = (error?: Error): void => {
      timer?.cancel();
      signal?.removeEventListener("abort", onAbort);
      if (error === undefined) resolve();
      else reject(error);
    };
    const cancel = send((reply) => {
      switch (reply.kind) {
        case "answer": {
          const { status, retryAfterSeconds: retryAfter } = reply;
          if (status === 200) finish();
          else
            finish(
              new WireError(`answered ${status}`, { status, ...(retryAfter === undefined ? {} : { retryAfter }) }),
            );
          break;
        }
        case "refused":
          finish(new WireError("connect ECONNREFUSED", { code: "ECONNREFUSED" }));
          break;
        case "reset":
          finish(new WireError("socket hang up", { code: "ECONNRESET" }));
          break;
      }
    });
    const onAbort = (): void => {
      cancel();
      finish(signal?.reason as Error);
    };
    signal?.addEventListener("abort", onAbort);
    const timer =
      timeoutMs === undefined
        ? undefined
        : clock.setTimer(timeoutMs, () => {
            cancel();
            finish(new WireError("The operation was aborted due to timeout", { name: "TimeoutError" }));
          });
  });
}

/** Makes a call under the user's deadline, as a signal that peers are given wherever they take one. */
export async function underDeadline<T>(
  { clock, deadlineMs }: ClientParts,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = clock.setTimer(deadlineMs, () =>
    controller.abort(new WireError("the deadline has passed", { name: "TimeoutError" })),
  );
  try {
    return await work(controller.signal);
  } finally {
    timer.cancel();
  }
}
