// What `npm run mutate` runs: a mutant of src/resilience is found by the tests of src/resilience, or it is not found.
// On its own, for with the types of vitest.config.ts the type-aware linter takes these scripts for something else.
export default {
  test: {
    include: ["test/resilience/**/*.test.ts"],
    // A worker per file costs more than the tests, and nothing that they share keeps a state.
    isolate: false,
    // Most mutants that hang wait for a promise: the test fails then, long before Stryker's own limit, which is only for
    // those that loop and wide enough for a busy machine.
    testTimeout: 4_000,
  },
};
