import { answerFaults } from "./cases/answers.ts";
import { connectionFaults } from "./cases/connections.ts";
import { encodingFaults } from "./cases/encodings.ts";
import { framingFaults } from "./cases/framing.ts";
import { interimFaults } from "./cases/interim.ts";
import { lengthFaults } from "./cases/lengths.ts";
import { limitFaults } from "./cases/limits.ts";
import { redirectFaults } from "./cases/redirects.ts";
import type { FaultCase } from "./fault-case.ts";

/** All cases, by what they are about. */
export const corpus: readonly { readonly about: string; readonly cases: readonly FaultCase[] }[] = [
  { about: "limits in every phase", cases: limitFaults },
  { about: "what is not quite HTTP", cases: framingFaults },
  { about: "how long an answer is", cases: lengthFaults },
  { about: "before and instead of an answer", cases: interimFaults },
  { about: "connections", cases: connectionFaults },
  { about: "statuses, hints and bodies", cases: answerFaults },
  { about: "encodings", cases: encodingFaults },
  { about: "redirects", cases: redirectFaults },
];

export const allCases: readonly FaultCase[] = corpus.flatMap(({ cases }) => cases);
