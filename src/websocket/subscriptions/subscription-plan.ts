/** What a connection knows of a key: it was asked for, or the service has confirmed it. */
export type Held = "asked" | "confirmed";

/** The next message that a connection is owed. */
export interface PlanStep {
  readonly kind: "subscribe" | "unsubscribe";
  readonly keys: readonly string[];
}

/**
 * What is to be sent next so that a connection carries what is wanted: the difference between the two, for those keys
 * alone that were touched. A key that was put in and taken out since then makes no difference, and no message.
 *
 * What is to go goes first: services limit how much one connection may carry.
 *
 * @param touched - the keys that may differ; those that do not are taken out of it, and so are those of the step.
 * @param maxKeys - of one step, at least 1.
 */
export function nextStep(
  touched: Set<string>,
  isWanted: (key: string) => boolean,
  held: ReadonlyMap<string, Held>,
  { maxKeys, canUnsubscribe }: { readonly maxKeys: number; readonly canUnsubscribe: boolean },
): PlanStep | undefined {
  const missing: string[] = [];
  const surplus: string[] = [];
  for (const key of touched) {
    if (isWanted(key) === held.has(key)) touched.delete(key);
    else if (isWanted(key)) missing.push(key);
    // What cannot be taken back stays held: asked for again, it is there already.
    else if (canUnsubscribe) surplus.push(key);
    else touched.delete(key);
  }
  const kind = surplus.length > 0 ? "unsubscribe" : "subscribe";
  const keys = (kind === "unsubscribe" ? surplus : missing).slice(0, maxKeys);
  if (keys.length === 0) return undefined;
  for (const key of keys) touched.delete(key);
  return { kind, keys };
}
