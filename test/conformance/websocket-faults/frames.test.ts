import { frameFaults } from "./cases/frames.ts";
import { testCases } from "./corpus-test.ts";

testCases(frameFaults);
