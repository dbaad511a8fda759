import type { ExternalServiceError } from "../core/errors.ts";
import { judge } from "./connection/close-codes.ts";
import { fillTimeout } from "./connection/connection-errors.ts";
import type { ConnectionSettings } from "./connection/connection-model.ts";
import { Inbox, type InboxHooks } from "./receive/inbox.ts";
import type { ConsumerName } from "./receive/lane.ts";
import type { WebSocketSettings } from "./options.ts";
import { Sequencer } from "./resume/sequencer.ts";
import type { SequencerHost } from "./resume/sequencer-host.ts";
import { Subscriptions, type SubscriptionsParts } from "./subscriptions/subscriptions.ts";

/** Where what user code throws goes. */
export type Tell = (thrown: unknown, from: ConsumerName) => void;

/** What the reducer is given of the options. */
export function connectionSettings<Message>(settings: WebSocketSettings<Message>, tell: Tell): ConnectionSettings {
  const { name, path, connectTimeoutMs, startTimeoutMs, closeTimeoutMs, reconnect, rotation, heartbeat } = settings;
  const { classify } = settings;
  const onNonsense = (thrown: unknown): void => tell(thrown, { consumer: "classify" });
  return {
    service: name,
    operation: path,
    connectTimeoutMs,
    startTimeoutMs,
    closeTimeoutMs,
    reconnect,
    rotation,
    heartbeat,
    judge: (error) => judge(error, classify, onNonsense),
  };
}

export function makeInbox<Message>(settings: WebSocketSettings<Message>, hooks: InboxHooks): Inbox<Message> {
  const { name: service, path: operation, inbox: limits, handlerTimeoutMs, clock } = settings;
  return new Inbox<Message>({ service, operation, limits, handlerTimeoutMs, clock }, hooks);
}

/** Undefined without `resume`. */
export function makeSequencer<Message>(
  settings: WebSocketSettings<Message>,
  deliver: SequencerHost<Message>["deliver"],
  tell: Tell,
): Sequencer<Message> | undefined {
  const { name: service, path: operation, resume, inbox: held, requestTimeoutMs: fillTimeoutMs, clock } = settings;
  if (resume === undefined) return undefined;
  return new Sequencer<Message>(service, resume, { fillTimeoutMs, held }, clock, {
    deliver,
    onError: (thrown) => tell(thrown, { consumer: "resume" }),
    timedOut: (limitMs): ExternalServiceError => fillTimeout({ service, operation }, limitMs),
  });
}

/** Undefined without `subscriptions`. @param stream - the service object, for the functions of the options. */
export function makeSubscriptions<Message>(
  settings: WebSocketSettings<Message>,
  stream: object,
  parts: Pick<SubscriptionsParts<Message, unknown>, "positionsOf" | "onEnded">,
  tell: Tell,
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
    onError: (thrown) => tell(thrown, { consumer: "subscription" }),
  });
}
