import { handshakeFaults } from "./cases/handshakes.ts";
import { testCases } from "./corpus-test.ts";

testCases(handshakeFaults);
