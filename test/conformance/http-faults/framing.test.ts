import { framingFaults } from "./cases/framing.ts";
import { testCases } from "./corpus-test.ts";

testCases(framingFaults);
