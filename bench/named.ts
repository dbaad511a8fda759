/** @throws RangeError where there is none of that name. */
export function byId<T extends { readonly id: string }>(all: readonly T[], id: string): T {
  const found = all.find((one) => one.id === id);
  if (found === undefined) throw new RangeError(`there is no ${id}; known are ${all.map((one) => one.id).join(", ")}`);
  return found;
}
