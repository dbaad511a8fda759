import { lengthFaults } from "./cases/lengths.ts";
import { testCases } from "./corpus-test.ts";

testCases(lengthFaults);
