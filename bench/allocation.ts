/** What one collection says of the heap, in bytes. */
export interface Collection {
  readonly usedBefore: number;
  readonly usedAfter: number;
}

/**
 * How many bytes were allocated on the heap between two moments: what each collection found more than the one before it
 * had left.
 *
 * @param startUsed - heap in use at the first moment; `endUsed` at the second, in bytes.
 */
export function allocatedBytes(startUsed: number, collections: readonly Collection[], endUsed: number): number {
  let allocated = 0;
  let left = startUsed;
  for (const { usedBefore, usedAfter } of collections) {
    allocated += usedBefore - left;
    left = usedAfter;
  }
  return allocated + endUsed - left;
}
