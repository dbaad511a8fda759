import { redirectFaults } from "./cases/redirects.ts";
import { testCases } from "./corpus-test.ts";

testCases(redirectFaults);
