import type { LaneDepth } from "./receive/inbox.ts";
import type { RttSummary } from "./connection/rtt.ts";
import type { Stream } from "./stream.ts";

/** What a stream has done and is doing. Counts are over all its connections. */
export interface StreamStats {
  /** The name of the state. */
  readonly state: string;
  /** Of the connection that flows or is tried. */
  readonly generation: number;
  /** Attempts to connect that have ended, successors of a rotation included. */
  readonly attempts: number;
  /** Those of them that led to no ready connection. */
  readonly failedAttempts: number;
  /** Connections that became ready after the first one, by rotation too. */
  readonly reconnects: number;
  /** Frames' worth of messages that came, those included that the codec refused or that had come before. */
  readonly messagesIn: number;
  /** Of their payloads. */
  readonly bytesIn: number;
  /** Handed to the kernel, those of subscriptions and of `pingMessage` too. */
  readonly messagesOut: number;
  /** Of their payloads. */
  readonly bytesOut: number;
  /** Milliseconds since the latest message came; undefined before the first. */
  readonly lastMessageAgeMs: number | undefined;
  /** Refused by the codec. */
  readonly undecodable: number;
  /** Dropped because they had come before. */
  readonly duplicates: number;
  /** Holes in the count of the feed that could not be filled. */
  readonly gaps: number;
  /** Messages that were missing and were fetched. */
  readonly filled: number;
  /** Whether a slow consumer holds the reader just now. */
  readonly isReadingPaused: boolean;
  /** How often reading was stopped because a consumer was slow. */
  readonly pauses: number;
  /** Of the last 100 pings; undefined before the first pong. */
  readonly rtt: RttSummary | undefined;
  /** Of each consumer, in the order in which they came. */
  readonly lanes: readonly LaneDepth[];
  /** Messages that no socket has yet, those that wait for room included. */
  readonly queuedSends: number;
  /** Of those that have room. */
  readonly queuedSendBytes: number;
  /** Requests that have not settled; not `once`. */
  readonly pendingRequests: number;
  /** Keys that are wanted, confirmed or not. */
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
