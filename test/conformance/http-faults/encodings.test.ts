import { encodingFaults } from "./cases/encodings.ts";
import { testCases } from "./corpus-test.ts";

testCases(encodingFaults);
