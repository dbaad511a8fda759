import { onTestFinished } from "vitest";
import { type ExternalServiceError, ServiceConnectionError } from "../../src/core/errors.ts";
import type { ConnectionSettings } from "../../src/websocket/connection/connection-model.ts";
import { ConnectionShell, type StreamHost } from "../../src/websocket/connection/connection-shell.ts";
import type { DialListener } from "../../src/websocket/dial/dial.ts";
import type { AttemptContext } from "../../src/websocket/dial/per-attempt.ts";
import type { StreamSocket } from "../../src/websocket/transport.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { settings } from "./machine.ts";

/** A socket that keeps what it was told to do. */
export class FakeSocket implements StreamSocket {
  isWritable = true;
  unsentBytes = 0;
  lastByteAt = 0;
  readonly did: string[] = [];

  send(data: string | Uint8Array, done: (error?: Error) => void): void {
    this.did.push(`send ${String(data)}`);
    done();
  }
  ping(): void {
    this.did.push("ping");
  }
  pause(): void {
    this.did.push("pause");
  }
  resume(): void {
    this.did.push("resume");
  }
  close(): void {
    this.did.push("close");
  }
  destroy(): void {
    this.did.push("destroy");
  }
}

/** One dial, as the far side of the dialer sees it. */
export interface FakeDial {
  readonly context: AttemptContext;
  readonly listener: DialListener;
  readonly socket: FakeSocket;
  /** What `dial()` gives; the test settles it where `isHeld`. */
  readonly result: PromiseWithResolvers<StreamSocket | undefined>;
}

export const lost: ExternalServiceError = new ServiceConnectionError("reset", {
  service: "feed",
  phase: "connect",
  outcome: "unknown",
  retryable: true,
});

const never = { everyMs: Number.POSITIVE_INFINITY, returnAfterMs: Number.POSITIVE_INFINITY };

/** A shell over sockets that do nothing by themselves, and all that it tells its host. */
export function setUp(changes: Partial<ConnectionSettings> = {}, hooks: Partial<StreamHost> = {}) {
  const clock = new VirtualClock();
  const dials: FakeDial[] = [];
  const told: string[] = [];
  const renewals: { readonly signal: AbortSignal; readonly answer: PromiseWithResolvers<boolean> }[] = [];
  const how = { isHeld: false };
  const dialer = {
    dial: (context: AttemptContext, listener: DialListener) => {
      const result = Promise.withResolvers<StreamSocket | undefined>();
      const dial = { context, listener, socket: new FakeSocket(), result };
      dials.push(dial);
      if (!how.isHeld) result.resolve(dial.socket);
      return result.promise;
    },
    renewCredentials: (signal: AbortSignal) => {
      const answer = Promise.withResolvers<boolean>();
      renewals.push({ signal, answer });
      return answer.promise;
    },
  };
  const tell =
    (what: string) =>
    (...[first, second]: readonly unknown[]): void => {
      const generation = (second as { generation?: number } | undefined)?.generation;
      const code = (first as { code?: string } | undefined)?.code;
      told.push([what, generation, code].filter((part) => part !== undefined).join(" "));
    };
  const host: StreamHost = {
    prepare: async () => undefined,
    flow: tell("flow"),
    hold: tell("hold"),
    retire: async () => undefined,
    flush: async () => undefined,
    discardIncoming: tell("discard"),
    ping: (socket) => socket.ping(""),
    pong: (payload) => void told.push(`pong ${payload}`),
    message: (data, _bytes, { generation }) => void told.push(`message ${String(data)} ${generation}`),
    prepareFailed: (thrown) => void told.push(`prepareFailed ${String(thrown)}`),
    report: tell("report"),
    attempted: ({ generation }, error) => void told.push(`attempted ${generation} ${error?.code ?? "well"}`),
    disconnected: ({ willReconnect }) => void told.push(willReconnect ? "disconnected for now" : "disconnected"),
    end: tell("end"),
    announce: () => undefined,
    ...hooks,
  };
  const shell = new ConnectionShell(
    { ...settings, rotation: never, ...changes },
    { clock, random: () => 0.5 },
    dialer,
    host,
  );
  onTestFinished(() => {
    shell.close();
  });
  const last = (): FakeDial => dials.at(-1) as FakeDial;
  /** The socket of the last dial opens, and its connection gets ready. */
  const open = async (): Promise<FakeSocket> => {
    const { listener, socket } = last();
    await clock.advance(0);
    listener.endpoint({ shown: "ws://feed", count: 1 });
    listener.opened({ protocol: "" });
    await clock.advance(0);
    return socket;
  };
  /** The socket of this dial has ended. */
  const cut = ({ listener }: FakeDial = last()): void =>
    listener.ended({ kind: "closed", code: 1006, reason: "", error: undefined });
  return { shell, clock, dials, told, renewals, how, last, open, cut };
}
