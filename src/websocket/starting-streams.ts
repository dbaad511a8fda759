import { type Channel, channel } from "node:diagnostics_channel";

/**
 * Gets each stream, the service itself, when it is about to be opened: the command line starts a whole registry and must
 * hear the very first message of one stream in it. Not among the events that are published for everybody, which hold
 * plain facts alone.
 */
export const startingStreams: Channel = channel("hawser:stream:starting");
