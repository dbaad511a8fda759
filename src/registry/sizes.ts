const unitBytes = {
  B: 1,
  KB: 1_000,
  KiB: 1_024,
  MB: 1_000_000,
  MiB: 1_024 ** 2,
  GB: 1_000_000_000,
  GiB: 1_024 ** 3,
} as const;

/** What {@link parseSizeBytes} understands, for people. */
export const sizeInWords = "a size of at least 1 byte: bytes as a plain number (65536), or with a unit (512KB, 10MiB)";

/**
 * Bytes of a size as it is written in settings, or undefined for anything that is not one. `KB` counts thousands and
 * `KiB` 1024s. Units are spelled as they are: `10mb` might as well be millibits.
 */
export function parseSizeBytes(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(B|KB|KiB|MB|MiB|GB|GiB)?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, amount, unit = "B"] = match;
  const bytes = Math.round(Number(amount) * unitBytes[unit as keyof typeof unitBytes]);
  return bytes >= 1 && Number.isSafeInteger(bytes) ? bytes : undefined;
}
