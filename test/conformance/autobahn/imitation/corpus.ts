import { closing } from "./cases/closing.ts";
import { compression } from "./cases/compression.ts";
import { fragments } from "./cases/fragments.ts";
import { framing } from "./cases/framing.ts";
import { pings } from "./cases/pings.ts";
import { opcodes, reserved } from "./cases/reserved.ts";
import { sizes } from "./cases/sizes.ts";
import { utf8 } from "./cases/utf8.ts";
import type { ImitatedCase } from "./imitated-case.ts";

/** Every case that is imitated, in the order of their numbers. */
export const corpus: readonly ImitatedCase[] = [
  ...framing,
  ...pings,
  ...reserved,
  ...opcodes,
  ...fragments,
  ...utf8,
  ...closing,
  ...sizes,
  ...compression,
];
