import type { WebSocket } from "ws";
import { z } from "zod";
import { silentLogger } from "../../src/core/logger.ts";
import { json } from "../../src/websocket/codecs/codecs.ts";
import type { DisconnectEvent } from "../../src/websocket/connection/disconnect-event.ts";
import type { WebSocketServiceOptions } from "../../src/websocket/options.ts";
import type { MissedGap } from "../../src/websocket/resume/resume-options.ts";
import { WebSocketService } from "../../src/websocket/websocket-service.ts";
import { type Peer, type PeerBehaviour, startPeer } from "./peer.ts";

/** A numbered message of a feed, or what it announces. */
export interface Tick {
  readonly n?: number | undefined;
  readonly notice?: string | undefined;
}

/** A far side that numbers its messages, and sends each over every connection there is. */
export interface NumberedFeed extends Peer {
  readonly sent: number[];
  /** Those that have not ended. */
  readonly open: ReadonlySet<WebSocket>;
  /** How many there were at most at a time. */
  readonly most: () => number;
  publish(count?: number): void;
}

/**
 * Repeats what came after a number on `{ after }`.
 *
 * @param behaviour - `isQuiet`: a connection carries nothing before it has asked for that.
 */
export async function startNumberedFeed(
  behaviour: PeerBehaviour & { readonly isQuiet?: boolean } = {},
): Promise<NumberedFeed> {
  const sent: number[] = [];
  const live = new Set<WebSocket>();
  const open = new Set<WebSocket>();
  let most = 0;
  const peer = await startPeer({
    ...behaviour,
    onConnection: (ws, number) => {
      open.add(ws);
      most = Math.max(most, open.size);
      if (behaviour.isQuiet !== true) live.add(ws);
      ws.on("close", () => {
        open.delete(ws);
        live.delete(ws);
      });
      ws.on("message", (data: Buffer) => {
        const { after } = JSON.parse(data.toString()) as { readonly after?: number };
        if (after === undefined) return;
        for (const n of sent) if (n > after) ws.send(JSON.stringify({ n }));
        live.add(ws);
      });
      behaviour.onConnection?.(ws, number);
    },
  });
  return Object.assign(peer, {
    sent,
    open,
    most: () => most,
    publish: (count = 1): void => {
      for (let i = 0; i < count; i++) {
        const n = sent.length + 1;
        sent.push(n);
        for (const ws of live) ws.send(JSON.stringify({ n }));
      }
    },
  });
}

export type TickOptions = Partial<WebSocketServiceOptions<Tick>>;

/** What tells its messages apart on two connections: the count, and asking for what came after it. */
export const resuming: TickOptions = {
  resume: { positionOf: ({ n }) => n, request: (after) => ({ after }) },
};
/** What tells its messages apart on two connections: nothing but their ids. */
export const deduping: TickOptions = { dedupe: { idOf: ({ n }) => n ?? "" } };

/** A consumer of it that keeps what it was told. */
export class Ticks extends WebSocketService<Tick> {
  readonly got: number[] = [];
  readonly notices: string[] = [];
  readonly gaps: MissedGap[] = [];
  readonly errors: unknown[] = [];
  readonly ended: DisconnectEvent[] = [];
  connects = 0;
  greet: (ticks: this) => void | Promise<void> = () => undefined;
  /** Set, handlers wait for it. */
  pause: Promise<void> | undefined;

  constructor(url: string, { resume, ...options }: TickOptions) {
    const settings: WebSocketServiceOptions<Tick> = {
      name: "ticks",
      codec: json(z.object({ n: z.number().optional(), notice: z.string().optional() })),
      logger: silentLogger,
      reconnect: { baseDelayMs: 1, maxDelayMs: 1 },
      ...options,
      ...(options.endpoints === undefined ? { baseUrl: url } : {}),
    };
    const onGap = (gap: MissedGap): void => void this.gaps.push(gap);
    super(resume === undefined ? settings : { ...settings, resume: { onGap, ...resume } });
  }

  protected override onConnect(): void | Promise<void> {
    this.connects++;
    return this.greet(this);
  }

  protected override onDisconnect(event: DisconnectEvent): void {
    this.ended.push(event);
  }

  protected override async onMessage({ n, notice }: Tick): Promise<void> {
    if (n !== undefined) this.got.push(n);
    if (notice !== undefined) this.notices.push(notice);
    await this.pause;
  }

  protected override onError(error: unknown): void {
    this.errors.push(error);
  }
}

export const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);
