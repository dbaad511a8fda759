import { limitFaults } from "./cases/limits.ts";
import { testCases } from "./corpus-test.ts";

testCases(limitFaults);
