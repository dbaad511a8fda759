// What `npm run mutate` runs: a mutant of src/resilience is found by the tests of src/resilience, or it is not found.
// On its own, for with the types of vitest.config.ts the type-aware linter takes these scripts for something else.
export default {
  test: {
    include: ["test/resilience/**/*.test.ts"],
    // A worker per file costs more than the tests, and nothing that they share keeps a state.
    isolate: false,
    testTimeout: 20_000,
  },
};
