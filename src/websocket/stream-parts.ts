import type { ExternalServiceError } from "../core/errors.ts";
import { judge, type Verdict } from "./connection/close-codes.ts";
import { fillTimeout } from "./connection/connection-errors.ts";
import type { ConnectionSettings } from "./connection/connection-model.ts";
import { Inbox, type InboxHooks } from "./receive/inbox.ts";
import type { ConsumerName } from "./receive/lane.ts";
import type { WebSocketSettings } from "./options.ts";
import { Sequencer } from "./resume/sequencer.ts";
import type { SequencerHost } from "./resume/sequencer-host.ts";
import { Subscriptions, type SubscriptionsParts } from "./subscriptions/subscriptions.ts";

/** Where what user code throws goes. */
export interface ErrorHost {
  onError(thrown: unknown, from: ConsumerName): void;
}

/** What the reducer is given of the options. A view of them: a copy would live in every stream. */
export class ConnectionRules<Message> implements ConnectionSettings {
  readonly service: string;
  readonly operation: string;
  readonly #settings: WebSocketSettings<Message>;
  readonly #host: ErrorHost;

  constructor(settings: WebSocketSettings<Message>, host: ErrorHost) {
    this.service = settings.name;
    this.operation = settings.path;
    this.#settings = settings;
    this.#host = host;
  }

  get connectTimeoutMs(): number {
    return this.#settings.connectTimeoutMs;
  }

  get startTimeoutMs(): number {
    return this.#settings.startTimeoutMs;
  }

  get closeTimeoutMs(): number {
    return this.#settings.closeTimeoutMs;
  }

  get reconnect(): ConnectionSettings["reconnect"] {
    return this.#settings.reconnect;
  }

  get rotation(): ConnectionSettings["rotation"] {
    return this.#settings.rotation;
  }

  get heartbeat(): ConnectionSettings["heartbeat"] {
    return this.#settings.heartbeat;
  }

  judge(error: ExternalServiceError): Verdict {
    return judge(error, this.#settings.classify, (thrown) => this.#host.onError(thrown, { consumer: "classify" }));
  }
}

export function makeInbox<Message>(settings: WebSocketSettings<Message>, hooks: InboxHooks): Inbox<Message> {
  const { name: service, path: operation, inbox: limits, handlerTimeoutMs, clock } = settings;
  return new Inbox<Message>({ service, operation, limits, handlerTimeoutMs, clock }, hooks);
}

/** Undefined without `resume`. */
export function makeSequencer<Message>(
  settings: WebSocketSettings<Message>,
  deliver: SequencerHost<Message>["deliver"],
  host: ErrorHost,
): Sequencer<Message> | undefined {
  const { name: service, path: operation, resume, inbox: held, requestTimeoutMs: fillTimeoutMs, clock } = settings;
  if (resume === undefined) return undefined;
  return new Sequencer<Message>(service, resume, { fillTimeoutMs, held }, clock, {
    deliver,
    onError: (thrown) => host.onError(thrown, { consumer: "resume" }),
    timedOut: (limitMs): ExternalServiceError => fillTimeout({ service, operation }, limitMs),
  });
}

/** Undefined without `subscriptions`. @param stream - the service object, for the functions of the options. */
export function makeSubscriptions<Message>(
  settings: WebSocketSettings<Message>,
  stream: object,
  parts: Pick<SubscriptionsParts<Message, unknown>, "positionsOf" | "onEnded">,
  host: ErrorHost,
): Subscriptions<Message> | undefined {
  const { name: service, path: operation, subscriptions, requestTimeoutMs: limitMs, clock } = settings;
  if (subscriptions === undefined) return undefined;
  return new Subscriptions<Message>({
    name: { service, operation },
    settings: subscriptions,
    stream,
    clock,
    limitMs,
    ...parts,
    onError: (thrown) => host.onError(thrown, { consumer: "subscription" }),
  });
}
