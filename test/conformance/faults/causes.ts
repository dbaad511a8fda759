/** An error and the chain of its causes, and the errors that one of them is made of. */
export function causesOf(error: unknown): readonly unknown[] {
  const chain: unknown[] = [];
  for (
    let one = error;
    one !== undefined && one !== null && chain.length < 8;
    one = (one as { cause?: unknown }).cause
  ) {
    chain.push(one);
    if (one instanceof AggregateError) chain.push(...(one.errors as unknown[]));
  }
  return chain;
}

/** What names the kind of an error, for who searches in it. */
export function nameOf(error: Error): string {
  return `${error.name} ${error.message} ${String((error as { code?: unknown }).code)}`;
}
