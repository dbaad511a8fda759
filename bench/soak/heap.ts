import { getHeapSpaceStatistics } from "node:v8";
import { heapAfterCollection } from "../measure-spans.ts";

/** What is in use of the heap, in bytes. */
export interface HeapUse {
  /** By everything but {@link HeapUse.code}. */
  readonly objects: number;
  /** By machine code and bytecode, with what belongs to them. */
  readonly code: number;
}

// Instructions are in the one, bytecode and the tables of both in the other.
const isOfCode = (space: string): boolean => space.startsWith("code_") || space.startsWith("trusted_");

/**
 * Once nothing more can be collected. Code is counted apart: V8 compiles what seldom runs after many minutes only, and
 * that is growth which no leak makes.
 */
export function heapUse(): HeapUse {
  heapAfterCollection();
  const use = { objects: 0, code: 0 };
  for (const { space_name: space, space_used_size: bytes } of getHeapSpaceStatistics()) {
    use[isOfCode(space) ? "code" : "objects"] += bytes;
  }
  return use;
}
