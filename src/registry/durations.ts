const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** What {@link parseDurationMs} understands, for people. */
export const durationInWords =
  "a duration of at least 1 ms: seconds as a plain number (30), or with a unit (500ms, 30s, 2m)";

/**
 * Milliseconds of a duration as it is written in settings, or undefined for anything that is not one. A plain number
 * counts seconds, as it did in the Python design.
 */
export function parseDurationMs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, amount, unit = "s"] = match;
  // Binary fractions: 1.005 s would be 1004.9999999999999 ms.
  const durationMs = Math.round(Number(amount) * unitMs[unit as keyof typeof unitMs] * 1_000) / 1_000;
  return durationMs >= 1 && Number.isFinite(durationMs) ? durationMs : undefined;
}
