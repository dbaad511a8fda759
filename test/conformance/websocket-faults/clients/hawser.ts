import { type Clock, type Random, systemClock, systemRandom } from "../../../../src/core/clock.ts";
import { type Logger, silentLogger } from "../../../../src/core/logger.ts";
import type { AttemptAuth } from "../../../../src/core/auth/provider.ts";
import type { DisconnectEvent } from "../../../../src/websocket/connection/disconnect-event.ts";
import { WebSocketService } from "../../../../src/websocket/websocket-service.ts";
import { type Client, type ClientSettings, type Hears, messageOf, type Peer } from "./client.ts";

/** What a run of Hawser is given beside the case. */
export interface HawserParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: Random;
}

class Feed extends WebSocketService {
  readonly #hears: Hears;

  constructor(
    { url, token, limits, protocols, provider, isCompressed, ca, hears }: ClientSettings,
    parts: HawserParts,
  ) {
    const { baseDelayMs, maxDelayMs, stableAfterMs, ...others } = limits;
    super({
      ...parts,
      ...others,
      name: "far-side",
      baseUrl: url,
      endpoint: `/feed?token=${token}`,
      // Each attempt may take its time; the case says how long.
      startTimeoutMs: 600_000,
      reconnect: { baseDelayMs, maxDelayMs, stableAfterMs },
      protocols,
      ...(ca === undefined ? {} : { tls: { ca } }),
      ...(isCompressed ? { compression: true } : {}),
      ...(provider === undefined ? {} : { auth: issuer(provider) }),
    });
    this.#hears = hears;
  }

  protected override onMessage(message: string | Uint8Array): void | Promise<void> {
    return this.#hears.message(messageOf(message));
  }

  protected override onDisconnect({ error }: DisconnectEvent): void {
    if (error !== undefined) this.#hears.told(error);
    this.#hears.lost();
  }

  protected override onError(error: unknown): void {
    this.#hears.told(error);
  }
}

/** Credentials of the moment; those that were refused may be had anew. */
const issuer = (provide: () => Promise<string>): AttemptAuth => ({
  name: "issuer",
  apply: async () => ({ headers: { authorization: `Bearer ${await provide()}` } }),
  renew: () => true,
});

/** Hawser with these parts. */
export function openHawser(settings: ClientSettings, parts: HawserParts): Client {
  const feed = new Feed(settings, parts);
  feed.connect().then(
    () => settings.hears.opened(),
    (error: unknown) => settings.hears.told(error),
  );
  return { send: async (message) => feed.send(message), close: async () => feed.close() };
}

export const hawser: Peer = {
  name: "hawser",
  setUp: "`WebSocketService` as it is, with the limits of the case.",
  hasProvider: true,
  open: (settings) => openHawser(settings, { clock: systemClock, logger: silentLogger, random: systemRandom }),
};
