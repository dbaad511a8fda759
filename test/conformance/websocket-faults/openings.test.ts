import { openingFaults } from "./cases/openings.ts";
import { testCases } from "./corpus-test.ts";

testCases(openingFaults);
