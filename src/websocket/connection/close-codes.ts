import {
  type ExternalServiceError,
  isServiceConnectionError,
  isServiceRateLimitError,
  isServiceResponseError,
  ServiceConfigurationError,
} from "../../core/errors.ts";

/**
 * What the end of a connection means for the next one.
 *
 * - `fatal`: the same again would end the same way; somebody has to change something.
 * - `retry`: it may pass; the ordinary backoff.
 * - `restart`: it will pass, but everybody comes back at once: spread widely.
 * - `overload`: it will pass if we stay away for a while.
 * - `refresh`: with other credentials it may pass at once.
 */
export type Verdict = "fatal" | "retry" | "restart" | "overload" | "refresh";

const verdicts: ReadonlySet<unknown> = new Set<Verdict>(["fatal", "retry", "restart", "overload", "refresh"]);

/**
 * Close codes with a meaning of their own: RFC 6455, section 7.4.1, and the IANA registry of close codes. What is not
 * listed is `retry`, for the backoff bounds what a wrong guess costs, and a stream that gave up by a wrong guess is gone:
 * - 1016 to 2999 are kept for the protocol and its extensions, and are not given out yet.
 * - 3000 to 3999 are given out to libraries, first come, first served; three of them mean the same everywhere.
 * - 4000 to 4999 are each service's own, and no two agree: 4000 is "unknown error, reconnect" at Discord and "not
 *   again like this" at Pusher; 4004 is a wrong token at Discord and a bad answer at graphql-ws; of centrifuge's, 4500 to
 *   4999 are final and those below are not. `reconnect.classify` is for whoever knows what they mean.
 */
const closeCodes: ReadonlyMap<number, { readonly verdict: Verdict; readonly meaning: string }> = new Map([
  // Feeds rotate their connections with 1000, so it does not mean "do not come back".
  [1000, { verdict: "retry", meaning: "normal closure" }],
  // The instance shuts down, or a proxy in front is drained (Cloudflare does both with it); another takes over.
  [1001, { verdict: "retry", meaning: "going away" }],
  // The peer objects to how we frame. The next connection is spoken on by the same code.
  [1002, { verdict: "fatal", meaning: "protocol error" }],
  // Text where it wants bytes, or the other way round: so would be the next message.
  [1003, { verdict: "fatal", meaning: "unsupported data" }],
  // Reserved, never to be sent. Whoever sends it says nothing by it.
  [1004, { verdict: "retry", meaning: "reserved" }],
  // Never on the wire: a Close frame without a code.
  [1005, { verdict: "retry", meaning: "no code given" }],
  // Never on the wire: no Close frame came. A cut cable, an idle limit of a balancer, a crash.
  [1006, { verdict: "retry", meaning: "no Close frame" }],
  // What we sent is not what its kind says, text that is no UTF-8 say; we would send it again.
  [1007, { verdict: "fatal", meaning: "invalid payload" }],
  // The code for what no other fits: a missing right, a banned address, a limit of the contract. The RFC has it for
  // "a message that violates its policy", which is ours to mend; services that throttle with it want `classify`.
  [1008, { verdict: "fatal", meaning: "policy violation" }],
  // A message of ours is larger than the peer takes; nothing makes it smaller.
  [1009, { verdict: "fatal", meaning: "message too big" }],
  // A client sends it, of an extension that the server did not offer. From a server it can only mean the same.
  [1010, { verdict: "fatal", meaning: "extension required" }],
  // A defect over there; the next instance may be sound.
  [1011, { verdict: "retry", meaning: "internal error" }],
  // Its registration asks for a random wait of 5 to 30 s.
  [1012, { verdict: "restart", meaning: "service restart" }],
  // Overloaded. Its registration wants another address, or a person who asks again: the longest of our waits.
  [1013, { verdict: "overload", meaning: "try again later" }],
  // A gateway reached nobody behind it, as a 502 says before the upgrade.
  [1014, { verdict: "retry", meaning: "bad gateway" }],
  // Never on the wire. Of a certificate that does not verify we learn from Node before this, and that is fatal.
  [1015, { verdict: "retry", meaning: "TLS handshake" }],
  // Registered as the counterparts of 401, 403 and 408, and judged as those are.
  [3000, { verdict: "refresh", meaning: "unauthorized" }],
  [3003, { verdict: "fatal", meaning: "forbidden" }],
  [3008, { verdict: "retry", meaning: "timeout" }],
]);

/** What a close code means for the next connection. */
export function judgeCloseCode(code: number): Verdict {
  return closeCodes.get(code)?.verdict ?? "retry";
}

/** A close code for people: `1012 (service restart)`. */
export function describeCloseCode(code: number): string {
  const meaning = closeCodes.get(code)?.meaning;
  return meaning === undefined ? String(code) : `${code} (${meaning})`;
}

/** What the status of a refused handshake means for the next one. */
export function judgeStatus(status: number): Verdict {
  // The credentials were refused, and no other fault was found: a token that ran out, most often.
  if (status === 401) return "refresh";
  // "Come again": RFC 9110, section 15.5.9; RFC 8470, section 5.2; RFC 6585, section 4.
  if (status === 408 || status === 425 || status === 429) return "retry";
  // A wrong key, a wrong path, a wrong version: it stays wrong.
  if (status >= 400 && status < 500) return "fatal";
  // Moved for good, and redirects are not followed: the credentials were meant for this origin.
  if (status === 301 || status === 308) return "fatal";
  // 5xx pass. So do the rest: a maintenance page answers 200, or redirects for now.
  return "retry";
}

/** Whether the same again, with the same credentials, may end otherwise. */
export function isPassing(verdict: Verdict): boolean {
  return verdict !== "fatal" && verdict !== "refresh";
}

/** How an attempt failed or a connection was lost, for whoever knows better what it means. */
export interface ConnectionEnd {
  /** As `onDisconnect` or `onError` is told it. */
  readonly error: ExternalServiceError;
  /** Where the service closed the connection. */
  readonly closeCode?: number;
  /** Where the service refused the handshake. */
  readonly status?: number;
}

/** Says what an end means for the next connection; nothing where the list is to decide. */
export type Classify = (end: ConnectionEnd) => Verdict | undefined;

/**
 * What a failed attempt or a lost connection means for the next one.
 *
 * @param classify - is asked first. What it throws, and an answer that is no verdict, go to `onNonsense`, and the list
 * decides: a stream must not end by a mistake in what was to keep it.
 */
export function judge(
  error: ExternalServiceError,
  classify?: Classify,
  onNonsense: (thrown: unknown) => void = () => undefined,
): Verdict {
  return (classify === undefined ? undefined : asked(classify, error, onNonsense)) ?? judgeByList(error);
}

function asked(
  classify: Classify,
  error: ExternalServiceError,
  onNonsense: (thrown: unknown) => void,
): Verdict | undefined {
  try {
    const answer: unknown = classify({ error, ...codesOf(error) });
    if (answer === undefined || verdicts.has(answer)) return answer as Verdict | undefined;
    // An async function is no answer either, and what it rejects with belongs to nobody.
    if (answer instanceof Promise) answer.catch(() => undefined);
    const all = [...verdicts].join(" | ");
    throw new ServiceConfigurationError(error.service, [`reconnect.classify must give ${all}, or undefined`]);
  } catch (thrown) {
    onNonsense(thrown);
    return undefined;
  }
}

function codesOf(error: ExternalServiceError): Omit<ConnectionEnd, "error"> {
  if (isServiceConnectionError(error)) return error.closeCode === undefined ? {} : { closeCode: error.closeCode };
  const status = isServiceResponseError(error) || isServiceRateLimitError(error) ? error.status : undefined;
  return status === undefined ? {} : { status };
}

function judgeByList(error: ExternalServiceError): Verdict {
  if (isServiceResponseError(error)) return judgeStatus(error.status);
  if (isServiceRateLimitError(error)) return "retry";
  if (isServiceConnectionError(error) && error.fault === "closed") return judgeCloseCode(error.closeCode ?? 1005);
  return error.retryable ? "retry" : "fatal";
}
