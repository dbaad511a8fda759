import type { Command } from "commander";
import { subscribe } from "../../core/events.ts";
import type { CommandContext } from "../context.ts";
import { assertKnown, streamOf } from "../find-service.ts";
import { within } from "../limits.ts";
import { messageLine } from "../message-line.ts";
import { startingStreams } from "../../websocket/starting-streams.ts";
import type { WebSocketService } from "../../websocket/websocket-service.ts";
import { durationMs, positiveCount } from "../option-parsers.ts";
import { openServices, type ServicesOptions, withStarted } from "../session.ts";

export interface TailCommandOptions extends ServicesOptions {
  readonly count?: number | undefined;
  readonly json?: boolean | undefined;
  readonly timeout?: number | undefined;
}

export function describeTail(command: Command): Command {
  return command
    .summary("the messages of a stream, a line each")
    .description(
      "Prints the messages of a stream, a line each, until Ctrl-C or --count. What its class sends when it connects (a subscription, say) is sent. It reconnects by itself, which is told on standard error.",
    )
    .argument("<stream>", "the name of a WebSocket service in the services file")
    .option("-n, --count <n>", "end after this many messages", positiveCount)
    .option("--json", 'each message as one line of JSON; what is not text as {"base64":"…"}')
    .option(
      "-t, --timeout <duration>",
      "give up, with exit code 1, where it has not ended by then: 500ms, 30s",
      durationMs,
    )
    .addHelpText(
      "after",
      `
Examples:
  $ hawser tail prices
  $ hawser tail prices --count 10 --json | jq .price`,
    );
}

/** Prints messages until there were enough. @throws the signal's reason; the stream's error once it has failed */
export async function runTail(name: string, options: TailCommandOptions, context: CommandContext): Promise<void> {
  const services = await openServices(options, context);
  assertKnown(services, name);
  const limit = { clock: context.clock, limitMs: options.timeout, signal: context.signal, what: `tail ${name}` };
  await within(limit, async (signal) => {
    using first = listenFromTheStart(name, signal);
    await withStarted(services, { only: [name], trial: true, signal }, async () => {
      const stream = await streamOf(services, name, signal);
      const messages = first.messages ?? stream.messages({ signal });
      using scope = new DisposableStack();
      scope.use(tellConnections(name, context));
      let left = options.count ?? Number.POSITIVE_INFINITY;
      for await (const message of messages) {
        context.stdout.write(`${messageLine(message, options.json === true ? "json" : "text")}\n`);
        if (--left <= 0) break;
      }
    });
  });
}

/** Some services greet whoever connects, and that is over before the registry is started. */
function listenFromTheStart(
  name: string,
  signal: AbortSignal,
): Disposable & { readonly messages: AsyncIterable<unknown> | undefined } {
  let messages: AsyncIterable<unknown> | undefined;
  const onStream = (stream: unknown): void => {
    const service = stream as WebSocketService<unknown>;
    if (service.name === name) messages ??= service.messages({ signal });
  };
  startingStreams.subscribe(onStream);
  return {
    get messages() {
      return messages;
    },
    [Symbol.dispose]: () => {
      startingStreams.unsubscribe(onStream);
    },
  };
}

/** Says on standard error when the connection is lost and when it is back, so that silence is not taken for calm. */
function tellConnections(name: string, { stderr }: CommandContext): Disposable {
  return subscribe("hawser:stream", ({ service, state, code, delayMs }) => {
    if (service !== name) return;
    // Reconnecting is told with each wait, and not again with each attempt.
    const lost = state === "reconnecting" && delayMs !== undefined;
    if (!lost && state !== "open") return;
    const why = lost ? ` (${code ?? "no reason"}), next attempt in ${Math.max(0, Math.round(delayMs))} ms` : "";
    stderr.write(`${stderr.style("dim", `${name}: ${state}${why}`)}\n`);
  });
}
