import { ServiceConfigurationError } from "../../core/errors.ts";
import type { Inbox } from "../receive/inbox.ts";
import type { KeyedConcurrency } from "../receive/keyed-lane.ts";
import type { Subscription } from "./subscription.ts";
import type { SubscribeTerms, Subscriptions } from "./subscriptions.ts";

type Handler<Message> = (message: Message) => unknown;

/** What the program has subscribed to, with the handlers of each key. */
export class Topics<Message> {
  readonly #service: string;
  readonly #subscriptions: Subscriptions<Message> | undefined;
  readonly #inbox: Pick<Inbox<Message>, "addHandler" | "removeHandler">;
  readonly #onTakenBack: (key: string) => void;
  readonly #onForgotten: (key: string) => void;
  /** By key; each is known by its object. Made with the first. */
  #topics: Map<string, { readonly handler: Handler<Message> | undefined }> | undefined;

  /**
   * @param subscriptions - undefined without the option.
   * @param hooks - `onTakenBack`: the program wants a key no more. `onForgotten`: that was sent, and nobody wants it anew.
   */
  constructor(
    service: string,
    subscriptions: Subscriptions<Message> | undefined,
    inbox: Pick<Inbox<Message>, "addHandler" | "removeHandler">,
    hooks: { readonly onTakenBack: (key: string) => void; readonly onForgotten: (key: string) => void },
  ) {
    this.#service = service;
    this.#subscriptions = subscriptions;
    this.#inbox = inbox;
    this.#onTakenBack = hooks.onTakenBack;
    this.#onForgotten = hooks.onForgotten;
  }

  /** @throws as `subscribe` of the service. */
  async subscribe(
    key: string,
    terms: SubscribeTerms,
    handler: Handler<Message> | undefined,
    concurrency: KeyedConcurrency<Message> | undefined,
  ): Promise<Subscription> {
    const subscriptions = this.#subscriptions;
    if (subscriptions === undefined) {
      const problem = "subscribe needs the option subscriptions, which says how the service subscribes";
      throw new ServiceConfigurationError(this.#service, [problem]);
    }
    const topic = { handler };
    if (!subscriptions.has(key)) {
      this.drop(key);
      (this.#topics ??= new Map()).set(key, topic);
      const from = { consumer: "subscription", topic: key } as const;
      if (handler !== undefined) this.#inbox.addHandler(handler, from, { topic: key, concurrency });
    }
    try {
      await subscriptions.add(key, terms);
    } catch (error) {
      if (this.#topics?.get(key) === topic) this.drop(key);
      throw error;
    }
    const unsubscribe = async (): Promise<void> => {
      // It may have ended before, and the key may be somebody else's by now.
      if (this.#topics?.get(key) !== topic) return;
      this.#onTakenBack(key);
      this.drop(key);
      await subscriptions.remove(key);
      if (!subscriptions.has(key)) this.#onForgotten(key);
    };
    return { key, unsubscribe, [Symbol.asyncDispose]: unsubscribe };
  }

  /** Its handler gets nothing more. */
  drop(key: string): void {
    const topic = this.#topics?.get(key);
    this.#topics?.delete(key);
    if (topic?.handler !== undefined) this.#inbox.removeHandler(topic.handler, key);
  }
}
