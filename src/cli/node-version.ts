/** What to tell where this Node cannot run the command line; undefined where it can. */
export function nodeProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 19)) return undefined;
  return `wants Node.js 22.19 or newer, and this is ${version}: install it, or run npx -p node@24 -c "hawser …"`;
}
