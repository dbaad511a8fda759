// `npm run autobahn`: runs the cases of a running Autobahn fuzzing server against an echo service that is a
// WebSocketService, and says of each what the server made of it.
import { runCommand } from "../../../examples/storefront/command-line.ts";
import { stopSignal } from "../../../examples/storefront/stop-signal.ts";
import { exitCodeOf } from "./behaviour.ts";
import { agentName, hawserEcho } from "./echo.ts";
import { type Flags, readFlags, usage } from "./flags.ts";
import { startImitation } from "./imitation/server.ts";
import { lineOf, summaryOf } from "./report.ts";
import { runCases, wantedBy } from "./run-cases.ts";

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

await runCommand({ name: "autobahn", usage, print, readFlags, play });

/** The exit code says whether none has failed. */
async function play({ url, agent, cases, compression }: Flags): Promise<void> {
  const { signal } = stopSignal();
  await using imitation = url === "imitation" ? await startImitation() : undefined;
  if (imitation !== undefined) print("The imitation, which is not Autobahn:\n");
  const results = await runCases({
    url: imitation?.url ?? url,
    agent: agent ?? agentName(),
    client: hawserEcho({ compression }),
    isWanted: wantedBy(cases),
    onResult: (result) => print(lineOf(result)),
    signal,
  });
  print(`\n${summaryOf(results)}`);
  process.exitCode = exitCodeOf(results);
}
