import type { LaneDepth } from "./inbox.ts";
import type { RttSummary } from "./rtt.ts";
import type { Stream } from "./stream.ts";

/** What a stream has done and is doing. Counts are over all its connections. */
export interface StreamStats {
  readonly state: string;
  /** Of the connection that flows or is tried. */
  readonly generation: number;
  readonly attempts: number;
  readonly failedAttempts: number;
  /** Connections that became ready after the first one. */
  readonly reconnects: number;
  readonly messagesIn: number;
  readonly bytesIn: number;
  /** Handed to the kernel. */
  readonly messagesOut: number;
  readonly bytesOut: number;
  readonly lastMessageAgeMs: number | undefined;
  /** Refused by the codec. */
  readonly undecodable: number;
  /** Dropped because they had come before. */
  readonly duplicates: number;
  /** Holes in the count of the feed that could not be filled. */
  readonly gaps: number;
  /** Messages that were missing and were fetched. */
  readonly filled: number;
  readonly isReadingPaused: boolean;
  /** How often reading was stopped because a consumer was slow. */
  readonly pauses: number;
  /** Of the last 100 pings; undefined before the first pong. */
  readonly rtt: RttSummary | undefined;
  readonly lanes: readonly LaneDepth[];
  readonly queuedSends: number;
  readonly queuedSendBytes: number;
  readonly pendingRequests: number;
  readonly subscriptions: number;
}

/** Reads the figures; costs nothing while nobody asks. */
export function streamStats<Message>(stream: Stream<Message>, now: number): StreamStats {
  const { traffic, shell, inbox, outbox, requests, subscriptions, sequencer, pings } = stream;
  const { lastMessageAt } = traffic;
  const sequenced = sequencer?.stats;
  return {
    state: stream.state.name,
    generation: stream.state.generation,
    attempts: traffic.attempts,
    failedAttempts: traffic.failedAttempts,
    reconnects: Math.max(0, traffic.opens - 1),
    messagesIn: traffic.messagesIn,
    bytesIn: traffic.bytesIn,
    messagesOut: traffic.messagesOut,
    bytesOut: traffic.bytesOut,
    lastMessageAgeMs: lastMessageAt === undefined ? undefined : Math.round(now - lastMessageAt),
    undecodable: traffic.undecodable,
    duplicates: traffic.duplicates + (sequenced?.duplicates ?? 0),
    gaps: sequenced?.gaps ?? 0,
    filled: sequenced?.filled ?? 0,
    isReadingPaused: shell.isPaused,
    pauses: traffic.pauses,
    rtt: pings.rtt,
    lanes: inbox.depths(),
    queuedSends: outbox.queuedMessages,
    queuedSendBytes: outbox.queuedBytes,
    pendingRequests: requests.size,
    subscriptions: subscriptions?.size ?? 0,
  };
}
