// A process of the startup suites: does the work that its first argument names, of this folder, with the others, and
// prints as JSON what that took. Plain JavaScript, and so is all that it loads: nobody's users load TypeScript.
const [name, ...args] = process.argv.slice(2);
const { work } = await import(`./${name}.mjs`);

globalThis.gc();
const heapBefore = process.memoryUsage().heapUsed;
const cpuBefore = process.cpuUsage();
const startedAt = performance.now();
const { loadedAt, answer } = await work(...args);
const endedAt = performance.now();
const { user, system } = process.cpuUsage(cpuBefore);
globalThis.gc();
globalThis.gc();
const found = {
  cpuUs: user + system,
  wallUs: (endedAt - startedAt) * 1_000,
  afterLoadingUs: (endedAt - loadedAt) * 1_000,
  heapBytes: process.memoryUsage().heapUsed - heapBefore,
  answer,
};
// A client may hold sockets open for a while; nobody waits for them.
process.stdout.write(JSON.stringify(found), () => process.exit());
