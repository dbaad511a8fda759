import { AccessTokens } from "./access-tokens.ts";
import { startControlServer } from "./control.ts";
import { urlOf } from "./listen.ts";
import { createNotificationService } from "./notification-service.ts";
import { createPaymentGateway } from "./payment-gateway.ts";
import { startPriceFeed } from "./price-feed.ts";
import { startRestServer } from "./rest-server.ts";
import { createTokenEndpoint } from "./token-endpoint.ts";

/** Four real servers in one process, each of which can be told over HTTP to misbehave. */
export interface Sandbox extends AsyncDisposable {
  readonly gateway: SandboxEndpoint;
  readonly notifications: SandboxEndpoint;
  /** `url` is `ws:`, the stream is at `/stream` below it. */
  readonly feed: SandboxEndpoint;
  /** Gives access tokens that the gateway takes instead of its key. `url` is that of the token endpoint itself. */
  readonly tokens: SandboxTokens;
  /** The control server, which no fault reaches: `/gateway`, `/notifications`, `/feed` and `/tokens` below it. */
  readonly controlUrl: string;
  /** Ends every socket at once; idempotent. */
  close(): Promise<void>;
}

/** Where a server of the sandbox is. */
export interface SandboxEndpoint {
  readonly url: string;
  /** The server's control surface on the control server: `/__faults` and so on below it, also while `url` is refused. */
  readonly controlUrl: string;
  readonly apiKey: string;
}

/** Where access tokens are to be had, and as whom. */
export interface SandboxTokens extends Omit<SandboxEndpoint, "apiKey"> {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Ports, keys and pace. A port of 0, the default, is any free one; one that is taken gives way to the next free one. */
export interface SandboxOptions {
  readonly gatewayPort?: number | undefined;
  readonly notificationsPort?: number | undefined;
  readonly feedPort?: number | undefined;
  readonly tokensPort?: number | undefined;
  readonly controlPort?: number | undefined;
  /** Milliseconds between two ticks of the feed, 1 or more. @defaultValue 100 */
  readonly tickIntervalMs?: number | undefined;
  readonly apiKeys?:
    | {
        readonly gateway?: string | undefined;
        readonly notifications?: string | undefined;
        readonly feed?: string | undefined;
      }
    | undefined;
}

/** Starts the servers; when it resolves they listen. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const apiKeys = {
    gateway: options.apiKeys?.gateway ?? "sandbox-gateway-key",
    notifications: options.apiKeys?.notifications ?? "sandbox-notifications-key",
    feed: options.apiKeys?.feed ?? "sandbox-feed-key",
  };
  const client = { id: "sandbox-client", secret: "sandbox-client-secret" };
  const accessTokens = new AccessTokens();
  const closing = new AbortController();
  const started: { close(): Promise<void> }[] = [];
  let closed: Promise<void> | undefined;

  try {
    // One after the other: whose port is taken moves up, and the next must see that.
    const gateway = own(
      await startRestServer(
        createPaymentGateway(apiKeys.gateway, accessTokens),
        options.gatewayPort ?? 0,
        closing.signal,
      ),
    );
    const notifications = own(
      await startRestServer(
        createNotificationService(apiKeys.notifications),
        options.notificationsPort ?? 0,
        closing.signal,
      ),
    );
    const feed = own(
      await startPriceFeed({
        port: options.feedPort ?? 0,
        apiKey: apiKeys.feed,
        tickIntervalMs: options.tickIntervalMs ?? 100,
        closing: closing.signal,
      }),
    );
    const tokens = own(
      await startRestServer(createTokenEndpoint(client, accessTokens), options.tokensPort ?? 0, closing.signal),
    );
    const servers = { gateway, notifications, feed, tokens };
    const control = own(await startControlServer(options.controlPort ?? 0, servers));
    const controlUrl = urlOf(control);

    return {
      gateway: { url: gateway.url, controlUrl: `${controlUrl}/gateway`, apiKey: apiKeys.gateway },
      notifications: {
        url: notifications.url,
        controlUrl: `${controlUrl}/notifications`,
        apiKey: apiKeys.notifications,
      },
      feed: { url: feed.url, controlUrl: `${controlUrl}/feed`, apiKey: apiKeys.feed },
      tokens: {
        url: `${tokens.url}/oauth/token`,
        controlUrl: `${controlUrl}/tokens`,
        clientId: client.id,
        clientSecret: client.secret,
      },
      controlUrl,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }

  function own<T extends { close(): Promise<void> }>(server: T): T {
    started.push(server);
    return server;
  }

  async function closeAll(): Promise<void> {
    const closes = started.map((server) => server.close());
    // After the sockets are cut: what waits ends now, and its answer must not reach anybody.
    closing.abort();
    await Promise.all(closes);
  }

  function close(): Promise<void> {
    closed ??= closeAll();
    return closed;
  }
}
