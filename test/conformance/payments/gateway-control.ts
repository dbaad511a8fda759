import type { ListedFault } from "../../../sandbox/faults.ts";
import type { GatewayLedger } from "../../../sandbox/payment-gateway.ts";
import type { LoggedRequest } from "../../../sandbox/request-log.ts";
import type { RestFault } from "../../../sandbox/rest-faults.ts";
import type { SandboxEndpoint } from "../../../sandbox/sandbox.ts";

/** Lets the gateway misbehave and reads its books, over HTTP as anybody could. */
export class GatewayControl {
  readonly #gateway: SandboxEndpoint;

  constructor(gateway: SandboxEndpoint) {
    this.#gateway = gateway;
  }

  async switchOn(fault: RestFault): Promise<void> {
    await this.#ask("/__faults", { method: "POST", body: JSON.stringify(fault) });
  }

  /** Every fault that was switched on since the last time all were cleared, with how often it struck. */
  async faults(): Promise<readonly (RestFault & ListedFault)[]> {
    const response = await this.#ask("/__faults");
    return ((await response.json()) as { readonly faults: readonly (RestFault & ListedFault)[] }).faults;
  }

  async clear(): Promise<void> {
    await this.#ask("/__faults", { method: "DELETE" });
  }

  async ledger(): Promise<GatewayLedger> {
    return (await (await this.#ask("/__ledger")).json()) as GatewayLedger;
  }

  async requests(): Promise<readonly LoggedRequest[]> {
    const response = await this.#ask("/__requests");
    return ((await response.json()) as { readonly requests: readonly LoggedRequest[] }).requests;
  }

  /** Asks on a new connection: connections are accepted in their order, so what earlier ones brought has arrived. */
  async callIn(): Promise<void> {
    const response = await fetch(`${this.#gateway.url}/health`, { headers: { connection: "close" } });
    await response.arrayBuffer();
  }

  async #ask(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(`${this.#gateway.controlUrl}${path}`, init);
    if (!response.ok) throw new Error(`the sandbox answered ${response.status} to ${path}: ${await response.text()}`);
    return response;
  }
}
