/** One process to start. */
export interface Turn {
  readonly round: number;
  readonly subject: string;
}

/**
 * Who is measured when: every subject once in each round, and each round begins with another subject, so that none has
 * the start of every round, where a machine that was idle runs faster, to itself.
 */
export function turnsOf(subjects: readonly string[], rounds: number): readonly Turn[] {
  return Array.from({ length: rounds }, (_, round) => {
    const first = subjects.length === 0 ? 0 : round % subjects.length;
    return [...subjects.slice(first), ...subjects.slice(0, first)].map((subject) => ({ round, subject }));
  }).flat();
}
