import type { Duplex } from "node:stream";
import type { AuthProvider } from "../../core/auth/provider.ts";
import type { Clock, Random } from "../../core/clock.ts";
import type { Environment } from "../../core/environment.ts";
import type { Logger } from "../../core/logger.ts";
import { type ProxyOption, type ProxyRoute, proxyRoute } from "../../core/proxy.ts";
import { proxyFor } from "../../core/proxy-choice.ts";
import type { Secret } from "../../core/secret.ts";
import type { TlsOptions } from "../../core/tls.ts";
import { StreamCredentials } from "./credentials.ts";
import { type DialTurns, dialTurns } from "./dial-turns.ts";
import { type DialedEndpoint, type Endpoints, endpointFor, knownCount, turnKey } from "./endpoints.ts";
import { headerProblems, protocolProblems } from "./handshake-options.ts";
import { type AttemptContext, isComputed, type PerAttempt, valueFor } from "./per-attempt.ts";
import type { StreamName } from "./socket-errors.ts";
import { type SocketEnd, type SocketListener, type SocketTarget, type StreamSocket, WsSocket } from "../transport.ts";
import { connectionOver, type StreamTransport } from "./stream-transport.ts";
import { openTunnel } from "./tunnel.ts";

/** What a stream is dialled with. */
export interface DialSettings {
  readonly name: string;
  /** The path, for errors. */
  readonly path: string;
  readonly endpoints: Endpoints;
  readonly apiKey: Secret | undefined;
  readonly auth: AuthProvider | undefined;
  readonly headers: PerAttempt<Readonly<Record<string, string>>>;
  readonly protocols: PerAttempt<readonly string[]>;
  readonly proxy: ProxyOption;
  readonly maxPayloadBytes: number;
  readonly closeTimeoutMs: number;
  readonly compression: SocketTarget["compression"];
  readonly tls: TlsOptions;
  /** In the place of name resolution, proxy, TCP and TLS. */
  readonly transport: StreamTransport | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** Told what a dial does, and then what its socket does. */
export interface DialListener extends SocketListener {
  /**
   * Where it goes, once that is known. The first thing that is told where the list of endpoints is no function; the
   * attempt begins with it, or with the stage `endpoint`, whichever comes first: the wait for the turn is over then.
   */
  endpoint(at: { readonly shown: string; readonly count: number }): void;
}

/** Makes the attempts of one stream: all of PROTOCOL.md, section 2, up to the open socket. */
export class Dialer {
  readonly #settings: DialSettings;
  /** Those that were asked before, which an attempt may still go by. */
  readonly #former: StreamCredentials[] = [];
  readonly #turns: DialTurns;
  #credentials: StreamCredentials;
  #route: ProxyRoute = { kind: "direct" };

  /** Opens the auth provider; no I/O. @param turns - for tests, a line of their own. */
  constructor(settings: DialSettings, turns: DialTurns = dialTurns) {
    this.#settings = settings;
    this.#credentials = this.#openCredentials();
    this.#turns = turns;
  }

  /**
   * To be called before the first attempt.
   *
   * @throws ServiceConfigurationError for a proxy in the environment that cannot be used.
   */
  start(environment: Environment): void {
    this.#route = proxyRoute(this.#settings.name, this.#settings.proxy, environment);
  }

  /** To be called when the settings have changed: what they say now holds from the next attempt on. */
  renew(route: ProxyRoute, isAuthChanged: boolean): void {
    this.#route = route;
    if (!isAuthChanged) return;
    if (this.#credentials.isAsked) this.#former.push(this.#credentials);
    this.#credentials = this.#openCredentials();
  }

  /**
   * Waits for its turn, asks the providers, and begins the handshake. How that ends, the listener is told. The turn is
   * given back when the socket is open, has ended, or the signal has aborted.
   *
   * @returns the socket, not yet open; undefined where the signal aborted meanwhile.
   * @throws ServiceConnectionError where a provider or the proxy fails, ServiceUnavailableError where there are no
   * credentials; ServiceConfigurationError where a provider gives what cannot be sent.
   */
  async dial(context: AttemptContext, listener: DialListener): Promise<StreamSocket | undefined> {
    const { signal } = context;
    const { name, endpoints } = this.#settings;
    let giveBack = (): void => undefined;
    try {
      const release = await this.#turns.take(turnKey(name, endpoints, context.endpoint), signal);
      giveBack = () => {
        signal.removeEventListener("abort", giveBack);
        release();
      };
      signal.addEventListener("abort", giveBack);
      return await this.#attempt(context, new Releasing(listener, giveBack));
    } catch (error) {
      giveBack();
      if (signal.aborted) return undefined;
      throw error;
    }
  }

  /**
   * Asks for other credentials than those that the last attempt was refused for. Answers whether there may be any:
   * where no provider of credentials is asked, a function that computes something for each attempt may have put them
   * there, and the next attempt asks it again.
   */
  async renewCredentials(signal: AbortSignal): Promise<boolean> {
    if (this.#credentials.isAsked) return this.#credentials.renew(signal);
    const { endpoints, headers, protocols } = this.#settings;
    const address = endpoints.kind === "below" ? endpoints.endpoint : endpoints.urls;
    return isComputed(address) || isComputed(headers) || isComputed(protocols);
  }

  /** Gives back what the auth provider holds; the stream is not dialled any more. */
  async close(): Promise<void> {
    await Promise.all([...this.#former, this.#credentials].map((credentials) => credentials.close()));
  }

  #openCredentials(): StreamCredentials {
    const { name: service, auth, apiKey, logger, clock, random } = this.#settings;
    return new StreamCredentials(auth, apiKey, { service, logger, clock, random });
  }

  async #attempt(context: AttemptContext, listener: DialListener): Promise<StreamSocket | undefined> {
    const { headers, protocols } = this.#settings;
    const about = this.#about();
    const { url } = await this.#endpoint(about, context, listener);
    // Headers before credentials: a signature may cover them.
    if (isComputed(headers)) listener.stage("headers");
    const given = lowerCased(await valueFor(about, "headers", headers, headerProblems, context));
    if (isComputed(protocols)) listener.stage("protocols");
    const offered = await valueFor(about, "protocols", protocols, protocolProblems, context);
    if (this.#credentials.isAsked) listener.stage("auth");
    const target = await this.#credentials.authorize({ url, headers: given }, about, context);
    return this.#connect({ ...target, protocols: offered }, context.signal, listener);
  }

  async #endpoint(about: StreamName, context: AttemptContext, listener: DialListener): Promise<DialedEndpoint> {
    const { endpoints } = this.#settings;
    if (knownCount(endpoints) === undefined || (endpoints.kind === "below" && isComputed(endpoints.endpoint))) {
      listener.stage("endpoint");
    }
    const dialed = await endpointFor(about, endpoints, context);
    listener.endpoint({ shown: dialed.shown, count: dialed.count });
    return dialed;
  }

  async #connect(
    target: Pick<SocketTarget, "url" | "headers" | "protocols">,
    signal: AbortSignal,
    listener: DialListener,
  ): Promise<StreamSocket> {
    const { maxPayloadBytes, closeTimeoutMs, tls, clock, compression } = this.#settings;
    const connection = await this.#connection(target.url, signal, listener);
    try {
      signal.throwIfAborted();
      const createConnection = connection === undefined ? undefined : () => connection;
      const all = { ...target, maxPayloadBytes, closeTimeoutMs, tls, compression, createConnection };
      return new WsSocket(all, listener, clock);
    } catch (error) {
      connection?.destroy();
      throw error;
    }
  }

  /** Undefined where ws itself is to connect, straight to the host of the URL. */
  async #connection(url: string, signal: AbortSignal, listener: DialListener): Promise<Duplex | undefined> {
    const { transport, tls, clock } = this.#settings;
    const about = { ...this.#about(), signal, wallNow: () => clock.wallNow() };
    if (transport !== undefined) return connectionOver(transport, { url }, about);
    const proxy = proxyFor(this.#route, new URL(url));
    if (proxy === undefined) return undefined;
    return openTunnel({ proxy, url, tls }, about, (stage) => listener.stage(stage));
  }

  #about(): StreamName {
    return { service: this.#settings.name, operation: this.#settings.path };
  }
}

/** The same listener, with the turn given back as soon as the handshake is over. */
class Releasing implements DialListener {
  readonly #listener: DialListener;
  /** Undefined once it was called: what it holds on to is not to live as long as the connection. */
  #giveBack: (() => void) | undefined;

  constructor(listener: DialListener, giveBack: () => void) {
    this.#listener = listener;
    this.#giveBack = giveBack;
  }

  endpoint(at: { readonly shown: string; readonly count: number }): void {
    this.#listener.endpoint(at);
  }

  stage(...told: Parameters<DialListener["stage"]>): void {
    this.#listener.stage(...told);
  }

  opened(...told: Parameters<DialListener["opened"]>): void {
    this.#release();
    this.#listener.opened(...told);
  }

  message(data: string | Uint8Array, bytes: number): void {
    this.#listener.message(data, bytes);
  }

  pong(payload: string): void {
    this.#listener.pong(payload);
  }

  ended(end: SocketEnd): void {
    this.#release();
    this.#listener.ended(end);
  }

  #release(): void {
    this.#giveBack?.();
    this.#giveBack = undefined;
  }
}

function lowerCased(given: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name.toLowerCase(), value]])),
  );
}
