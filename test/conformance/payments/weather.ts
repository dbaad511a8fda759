import type { GatewayControl } from "./gateway-control.ts";
import { labelOf, type Spell } from "./plan.ts";
import type { Progress } from "./progress.ts";

/** Plays the weather at the gateway, spell by spell, and counts what struck. */
export class Weather {
  readonly struck: Record<string, number> = {};
  /** What is switched on now, in words. */
  now: readonly string[] = [];
  readonly #control: GatewayControl;
  readonly #progress: Progress;

  constructor(control: GatewayControl, progress: Progress) {
    this.#control = control;
    this.#progress = progress;
  }

  /** Resolves when the last spell is over and the sky is clear. @throws the signal's reason */
  async play(spells: readonly Spell[], signal: AbortSignal): Promise<void> {
    for (const label of spells.flatMap(({ faults }) => faults.map(labelOf))) this.struck[label] = 0;
    for (const spell of spells) {
      if (this.#progress.isComplete) return;
      for (const fault of spell.faults) await this.#control.switchOn(fault);
      this.now = [...new Set(spell.faults.map(labelOf))];
      await this.#progress.reaches(spell.untilConfirmed, signal);
      await this.#untilAllStruck(signal);
      await this.#takeDown();
    }
  }

  /** A spell may fall into the moment between two processes of the shop, and then find nobody to strike. */
  async #untilAllStruck(signal: AbortSignal): Promise<void> {
    for (;;) {
      const byLabel = Map.groupBy(await this.#control.faults(), labelOf);
      const idle = [...byLabel.values()].filter((faults) => faults.every(({ struck }) => struck === 0)).flat();
      if (idle.length === 0 || this.#progress.isComplete) return;
      // A port that was shut for nobody is open again, and has to be shut once more.
      const refused = idle.filter(({ kind }) => kind === "refused");
      const forMs = refused.every(({ active }) => !active) ? refused[0]?.forMs : undefined;
      if (forMs !== undefined) await this.#control.switchOn({ kind: "refused", forMs });
      await this.#progress.reaches(this.#progress.confirmed + 1, signal);
    }
  }

  async #takeDown(): Promise<void> {
    for (const fault of await this.#control.faults()) {
      const label = labelOf(fault);
      this.struck[label] = (this.struck[label] ?? 0) + fault.struck;
    }
    await this.#control.clear();
    this.now = [];
  }
}
