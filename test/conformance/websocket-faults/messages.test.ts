import { messageFaults } from "./cases/messages.ts";
import { testCases } from "./corpus-test.ts";

testCases(messageFaults);
