// What `npm run mutate` runs: a mutant is found by the tests of what was mutated, or it is not found.
// On its own, for with the types of vitest.config.ts the type-aware linter takes these scripts for something else.
const machine = "{close-codes,connection,connection.model,connection.turns,heartbeat,redial,succession}";

export default {
  test: {
    include: ["test/resilience/**/*.test.ts", `test/websocket/connection/${machine}.test.ts`],
    // A worker per file costs more than the tests, and nothing that they share keeps a state.
    isolate: false,
    // Most mutants that hang wait for a promise: the test fails then, long before Stryker's own limit, which is only for
    // those that loop and wide enough for a busy machine.
    testTimeout: 4_000,
    // The same few walks for each mutant: what the reference model finds at all, it finds soon.
    provide: { walks: { numRuns: 500, seed: 1 } },
  },
};
