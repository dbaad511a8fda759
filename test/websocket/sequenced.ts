import type { Position } from "../../src/websocket/resume/positions.ts";
import { type MissedGap, type StreamResumeOptions, streamKey } from "../../src/websocket/resume/resume-options.ts";
import { Sequencer } from "../../src/websocket/resume/sequencer.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

export interface Message {
  readonly at?: Position;
  readonly text?: string;
}

export type Options = Partial<StreamResumeOptions<Message>> & {
  readonly from?: Position | Record<string, Position>;
  readonly held?: { readonly maxMessages: number; readonly maxBytes: number };
  /** Handlers do not end by themselves. */
  readonly isSlow?: boolean;
  readonly room?: () => Promise<void> | undefined;
};

const shown = ({ at, text }: Message): unknown => text ?? at;

export function setUp({
  held = { maxMessages: 10, maxBytes: 1_000 },
  isSlow = false,
  room,
  from,
  ...resume
}: Options = {}) {
  const clock = new VirtualClock();
  const delivered: unknown[] = [];
  const gaps: MissedGap[] = [];
  const errors: unknown[] = [];
  const handled = new Map<unknown, () => void>();
  const entries = typeof from === "object" && !("epoch" in from) ? Object.entries(from) : [[streamKey, from] as const];
  const sequencer = new Sequencer<Message>(
    "feed",
    {
      positionOf: ({ at }) => at,
      onGap: (gap) => void gaps.push(gap),
      ...resume,
      from: new Map(from === undefined ? [] : (entries as [string, Position][])),
    },
    { fillTimeoutMs: 10_000, held },
    clock,
    {
      deliver: ({ message }, onHandled) => {
        delivered.push(shown(message));
        if (isSlow && onHandled !== undefined) handled.set(shown(message), onHandled);
        else onHandled?.();
        return room?.();
      },
      onError: (thrown) => errors.push(thrown),
      timedOut: (limitMs) => new Error(`the fill took longer than ${limitMs} ms`),
    },
  );
  let connection = 1;
  const comeFor = (key: string | undefined, one: Position | Message): void => {
    const isMessage = typeof one === "object" && !("epoch" in one);
    sequencer.take({ message: isMessage ? one : { at: one }, bytes: 10 }, key, connection);
  };
  return {
    clock,
    sequencer,
    delivered,
    gaps,
    errors,
    /** Messages come, by their positions or as texts without one. */
    come: (...positions: readonly (Position | Message)[]): void => {
      for (const one of positions) comeFor(undefined, one);
    },
    comeFor,
    finish: (...positions: readonly unknown[]): void => {
      for (const position of positions) handled.get(position)?.();
    },
    /** A new connection, which is asked for what is missing. */
    reconnect: (
      options: { readonly isAsked: boolean } = { isAsked: true },
    ): ReadonlyMap<string, Position> | undefined => {
      sequencer.lost();
      connection++;
      return options.isAsked ? sequencer.ask(connection) : undefined;
    },
  };
}

/** A fill that ends when the test says so. */
export function pendingFill() {
  const { promise, resolve, reject } = Promise.withResolvers<Message[]>();
  const asked: { readonly after: unknown; readonly before: unknown; readonly signal: AbortSignal }[] = [];
  return {
    asked,
    fill: (gap: (typeof asked)[number]) => {
      asked.push(gap);
      return promise;
    },
    give: (...positions: readonly Position[]): void => resolve(positions.map((at) => ({ at }))),
    fail: reject,
  };
}
