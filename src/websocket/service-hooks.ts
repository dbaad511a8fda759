import type { DisconnectEvent } from "./connection/disconnect-event.ts";
import type { ConsumerName } from "./receive/lane.ts";
import type { FailedEvent, StreamOwner } from "./stream-owner.ts";
import type { WebSocketService } from "./websocket-service.ts";

/** What the stream calls, of the hooks that subclasses override. A class: five closures would live in every service. */
export class ServiceHooks<Message> implements StreamOwner {
  readonly #service: WebSocketService<Message>;

  constructor(service: WebSocketService<Message>) {
    this.#service = service;
  }

  lifecycle(): WebSocketService<Message>["lifecycle"] {
    return this.#service.lifecycle;
  }

  onConnect(): void | Promise<void> {
    return this.#service["onConnect"]();
  }

  onDisconnect(event: DisconnectEvent): void | Promise<void> {
    return this.#service["onDisconnect"](event);
  }

  onError(thrown: unknown, from: ConsumerName): void | Promise<void> {
    return this.#service["onError"](thrown, from);
  }

  onFailed(event: FailedEvent): void | Promise<void> {
    return this.#service["onFailed"](event);
  }
}
