/** Content decoding is there: to be set to true by whoever brings it. */
const isDecodingBuilt: boolean = true;

const notDecoded = "Hawser asks for no content coding and undoes none; that is being built.";

const untilDecoding: Readonly<Record<string, string>> = {
  "what is compressed with gzip is read": notDecoded,
  "what is compressed with gzip is read, whatever the case of the word": notDecoded,
};

/**
 * Where Hawser itself does not do what a case asks, by the case's rule, with the reason. A case that is listed here and
 * passes fails the suite, so the list cannot outlive its reasons.
 */
export const expectedFailures: Readonly<Record<string, string>> = {
  "a 100 that nobody asked for is passed over":
    "undici breaks the connection upon a 100 without an Expect (client-h1.js, onHeadersComplete), before its handler " +
    "hears of it; RFC 9110, section 15.2, wants it passed over. Nothing of ours comes before that parser, short of a " +
    "second one that takes interim answers out of the bytes of every socket. The call ends as connection-reset, its " +
    "effect unknown, and its message says why.",
  "a schema that never comes to an end is ended by the deadline":
    "getJson validates after the pipeline has let go of the call, so neither the deadline nor the caller's signal " +
    "reaches a schema that is asynchronous. Validation belongs within the call.",
  ...(isDecodingBuilt ? {} : untilDecoding),
};
