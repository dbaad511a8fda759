import { interimFaults } from "./cases/interim.ts";
import { testCases } from "./corpus-test.ts";

testCases(interimFaults);
