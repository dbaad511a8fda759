import { securedFaults } from "./cases/secured.ts";
import { testCases } from "./corpus-test.ts";

testCases(securedFaults);
