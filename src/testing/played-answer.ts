import type { PreparedAnswer } from "./answer-step.ts";
import { Pieces } from "./pieces.ts";
import { hasNoBody } from "./raw-answer.ts";
import { bytesOf } from "./recorded-body.ts";
import type { RecordedAnswer } from "./recording.ts";

/** A recorded answer, ready to be written. */
export function playedAnswer({ status, headers, body, cut, staysOpen }: RecordedAnswer): PreparedAnswer {
  const bytes = bytesOf(body);
  const isWhole = cut === undefined && staysOpen === undefined;
  const type = typeof headers["content-type"] === "string" ? headers["content-type"] : undefined;
  // The type was recorded, or there was none: none is to be made up.
  const own = { "content-type": undefined, ...headers };
  const common = { status, headers: own, cutBy: cut ?? "reset" } as const;
  if (hasNoBody(status)) return { ...common, body: { kind: "none" }, cutAfterBytes: undefined };
  if (isWhole) {
    const whole = { kind: "bytes", bytes, contentType: type ?? "", value: undefined } as const;
    return { ...common, body: whole, cutAfterBytes: undefined };
  }
  const pieces = new Pieces("cassette", type ?? "", [bytes], { staysOpen: staysOpen === true });
  return {
    ...common,
    body: { kind: "pieces", pieces },
    cutAfterBytes: cut === undefined ? undefined : bytes.byteLength,
  };
}
