import { answerFaults } from "./cases/answers.ts";
import { testCases } from "./corpus-test.ts";

testCases(answerFaults);
