/** Loads these modules, one after the other. */
export async function work(...specifiers) {
  for (const specifier of specifiers) await import(specifier);
  return { loadedAt: performance.now() };
}
