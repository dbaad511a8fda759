import type { ListedFault } from "../../../sandbox/faults.ts";
import type { SentNotifications } from "../../../sandbox/notification-service.ts";
import type { GatewayLedger } from "../../../sandbox/payment-gateway.ts";
import type { FeedReport } from "../../../sandbox/price-feed.ts";
import type { Switch } from "./chapters.ts";

const servers = ["gateway", "notifications", "feed"] as const;

/** Switches faults on and off and reads the books, over HTTP as anybody could. */
export class SandboxControl {
  readonly #url: string;

  constructor(controlUrl: string) {
    this.#url = controlUrl;
  }

  async switchOn({ server, fault }: Switch): Promise<void> {
    const response = await fetch(`${this.#url}/${server}/__faults`, { method: "POST", body: JSON.stringify(fault) });
    if (response.status !== 201) throw new Error(`the sandbox refused a fault: ${await response.text()}`);
    await response.arrayBuffer();
  }

  /** Every fault that was switched on since the last time all were cleared, with how often it struck. */
  async faults(): Promise<readonly ListedFault[]> {
    const lists = await Promise.all(
      servers.map((server) => this.#read<{ readonly faults: readonly ListedFault[] }>(`${server}/__faults`)),
    );
    return lists.flatMap(({ faults }) => faults);
  }

  async clear(): Promise<void> {
    await Promise.all(servers.map((server) => fetch(`${this.#url}/${server}/__faults`, { method: "DELETE" })));
  }

  ledger(): Promise<GatewayLedger> {
    return this.#read("gateway/__ledger");
  }

  sent(): Promise<SentNotifications> {
    return this.#read("notifications/__sent");
  }

  feed(): Promise<FeedReport> {
    return this.#read("feed/__feed");
  }

  async #read<T>(path: string): Promise<T> {
    const response = await fetch(`${this.#url}/${path}`);
    return (await response.json()) as T;
  }
}
