import { closureFaults } from "./cases/closures.ts";
import { testCases } from "./corpus-test.ts";

testCases(closureFaults);
