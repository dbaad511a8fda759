import { connectionFaults } from "./cases/connections.ts";
import { testCases } from "./corpus-test.ts";

testCases(connectionFaults);
