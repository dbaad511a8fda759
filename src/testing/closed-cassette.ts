import type { Dispatcher } from "undici";
import type { CassetteChoices } from "./cassette-options.ts";
import { LocalWire } from "./local-wire.ts";
import { misuseError } from "./misuse-error.ts";

/** Fails a call that came to a cassette after it was closed: it is neither played nor recorded. */
export function closedCassette(
  { file, clock }: CassetteChoices,
  options: Dispatcher.DispatchOptions,
  handler: Dispatcher.DispatchHandler,
): true {
  const error = misuseError(`the cassette ${file} is closed: close the service before its cassette`);
  new LocalWire(clock).dispatch(options, handler, { kind: "no-connection", error, afterMs: 0 });
  return true;
}
