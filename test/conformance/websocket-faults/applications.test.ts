import { applicationFaults } from "./cases/applications.ts";
import { testCases } from "./corpus-test.ts";

testCases(applicationFaults);
