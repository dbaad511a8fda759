import { Inbox, type InboxLimits } from "../../src/websocket/receive/inbox.ts";
import { settled, VirtualClock } from "../support/virtual-clock.ts";

/** An inbox of text messages of one byte each, whose connection 1 flows unless told otherwise. */
export function setUp(
  limits: Partial<InboxLimits<string>> = {},
  { isFlowing = true, handlerTimeoutMs }: { isFlowing?: boolean; handlerTimeoutMs?: number } = {},
) {
  const pressure: [isFull: boolean, generation: number][] = [];
  const errors: [thrown: unknown, from: object][] = [];
  const clock = new VirtualClock();
  const inbox = new Inbox<string>(
    {
      service: "feed",
      operation: "/stream",
      limits: { maxMessages: 4, maxBytes: 1_000, ...limits },
      handlerTimeoutMs,
      clock,
    },
    {
      onPressure: (isFull, generation) => void pressure.push([isFull, generation]),
      onError: (thrown, from) => void errors.push([thrown, from]),
    },
  );
  if (isFlowing) inbox.release(1);
  const push = (...texts: string[]): void => texts.forEach((text) => inbox.push(1, text, 1));
  return { inbox, push, pressure, errors, clock };
}

/** A handler that keeps each message until the test lets it go; `handling` is what it has in hand. */
export function slowHandler() {
  const seen: string[] = [];
  const open: { readonly message: string; readonly promise: PromiseWithResolvers<void> }[] = [];
  const handle = async (message: string): Promise<void> => {
    seen.push(message);
    const promise = Promise.withResolvers<void>();
    open.push({ message, promise });
    await promise.promise;
  };
  const take = (message: string | undefined): PromiseWithResolvers<void> | undefined => {
    const index = message === undefined ? 0 : open.findIndex((one) => one.message === message);
    return open.splice(index, 1)[0]?.promise;
  };
  return {
    seen,
    handle,
    handling: (): string[] => open.map(({ message }) => message),
    letGo: async (message?: string): Promise<void> => {
      take(message)?.resolve();
      await settled();
    },
    fail: async (error: unknown): Promise<void> => {
      take(undefined)?.reject(error);
      await settled();
    },
  };
}
