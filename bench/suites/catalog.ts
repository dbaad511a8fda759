import type { Suite } from "../suite.ts";
import { pipeline } from "./pipeline.ts";
import { rest } from "./rest.ts";

/** Every suite there is. One more is one more file, and one more line here. */
export const suites: readonly Suite[] = [rest, pipeline];
