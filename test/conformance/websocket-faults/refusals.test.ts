import { refusalFaults } from "./cases/refusals.ts";
import { testCases } from "./corpus-test.ts";

testCases(refusalFaults);
