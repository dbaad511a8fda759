import { arrivals, spanOf } from "./arrivals.ts";
import { type AttemptRecord, type CallRecord, type Figures, figuresOf } from "./measure.ts";
import { ModelledService } from "./modelled-service.ts";
import type { Scenario } from "./scenario.ts";
import { seededRandom } from "../core/seeded-random.ts";
import type { Client, Send, Subject } from "./subject.ts";
import { VirtualClock } from "../core/virtual-clock.ts";

/** What a run is about. */
export interface Experiment {
  readonly scenario: Scenario;
  readonly subject: Subject;
  readonly seed: number;
}

/**
 * Puts one subject into one scenario with one seed, and takes the figures. The same experiment has the same figures,
 * bit for bit, on any machine.
 *
 * Only what is built from the clock and the random numbers it is given is simulated. A subject that takes them from
 * globals needs a process in which they are replaced: `source` is then told of the clock and the numbers of the run.
 */
export async function simulate(
  { scenario, subject, seed }: Experiment,
  source?: { clock: unknown; random: unknown },
): Promise<Figures> {
  const clock = new VirtualClock();
  const random = seededRandom(seed, `${scenario.id}:${subject.id}:client`);
  if (source !== undefined) Object.assign(source, { clock, random });
  const service = new ModelledService(clock, scenario, seed);
  const { attemptTimeoutMs, deadlineMs } = scenario;
  const clients: Client[][] = Array.from({ length: scenario.processes }, () =>
    // One for each origin, whose state must not be mixed; a balancer is one origin to its clients.
    Array.from({ length: scenario.service.routing === "bound" ? scenario.service.origins : 1 }, () =>
      subject.client({ clock, random, attemptTimeoutMs, deadlineMs }),
    ),
  );
  const calls: CallRecord[] = [];
  const attempts: AttemptRecord[] = [];

  const call = (client: Client, origin: number): void => {
    const startedAt = clock.now();
    const record: CallRecord = { at: startedAt };
    calls.push(record);
    let isOver = false;
    const send: Send = (onReply) => {
      const exchange = service.send(origin, (reply) => {
        attempt.isUseful = !isOver && reply.kind === "answer" && reply.status === 200;
        onReply(reply);
      });
      const attempt: AttemptRecord = { at: clock.now(), work: exchange.work, isUseful: false };
      attempts.push(attempt);
      return () => exchange.cancel();
    };
    const end = (isSuccess: boolean): void => {
      isOver = true;
      if (isSuccess && clock.now() <= startedAt + deadlineMs) record.succeededAt = clock.now();
    };
    void client.call(send).then(
      () => end(true),
      () => end(false),
    );
  };

  const due = arrivals(scenario, seed);
  const next = (): void => {
    const arrival = due.next().value;
    if (arrival === undefined) return;
    clock.at(arrival.at, () => {
      const own = clients[arrival.process];
      const client = own?.[arrival.origin] ?? own?.[0];
      if (client !== undefined) call(client, arrival.origin);
      next();
    });
  };
  next();
  // To the deadline of the last call that is measured, and that much again for what is late to notice it.
  await clock.run(spanOf(scenario).to + 2 * deadlineMs);
  clock.clear();
  return figuresOf(scenario, calls, attempts);
}
