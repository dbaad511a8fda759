import { concurrencyProblems, type KeyedConcurrency } from "./receive/keyed-lane.ts";

/** Gets each message; the next one comes when the promise it returned has settled. */
export type MessageHandler<Message> = (message: Message) => void | Promise<void>;

/** How an added handler takes part. */
export interface HandlerOptions<Message> {
  /** Messages of different keys at once, those of one key in order. @defaultValue one message at a time */
  readonly concurrency?: KeyedConcurrency<Message> | undefined;
}

/** What is wrong with them. */
export function handlerProblems(options: HandlerOptions<never> | null): string[] {
  return options?.concurrency === undefined ? [] : concurrencyProblems(options.concurrency);
}
