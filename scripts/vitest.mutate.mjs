import config from "../vitest.config.ts";

// A mutant of src/resilience is found by the tests of src/resilience, or it is not found.
export default { ...config, test: { ...config.test, isolate: false, include: ["test/resilience/**/*.test.ts"] } };
