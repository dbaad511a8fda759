import { parseArgs } from "node:util";
import { parsed, UsageError } from "../../../examples/storefront/command-line.ts";

/** What the command line says. */
export interface Flags {
  /** Of the fuzzing server. */
  readonly url: string;
  readonly agent: string | undefined;
  readonly cases: readonly string[];
  readonly compression: boolean;
  readonly help: boolean;
}

export const usage = `npm run autobahn -- --url <ws://host:port> [flags]

  --url <url>      of a running fuzzing server: wstest -m fuzzingserver, or the image crossbario/autobahn-testsuite
  --agent <name>   under which the server files its reports; hawser and a number unless given
  --case <id>      one case, or several with a *: 6.4.*; may be given more than once; all unless given
  --compression    offers permessage-deflate, which the cases 12.* and 13.* want
  --imitation      starts the imitation instead, which needs no Autobahn and is none
  --help           this page

Ends with 0 where cases were run and none has failed.
`;

/** Reads the command line; `url` is "imitation" where that is asked for. @throws UsageError */
export function readFlags(args: readonly string[]): Flags {
  const given = parse(args);
  const isImitation = given.imitation;
  if (!given.help && given.url === undefined && !isImitation) {
    throw new UsageError("--url is missing: the address of a running fuzzing server");
  }
  if (given.url !== undefined && isImitation) throw new UsageError("--url and --imitation exclude each other");
  if (given.url !== undefined && !isWebSocketUrl(given.url)) throw new UsageError("--url must be a ws: or wss: URL");
  return {
    url: isImitation ? "imitation" : (given.url ?? "").replace(/\/+$/, ""),
    agent: given.agent,
    cases: given.case,
    compression: given.compression,
    help: given.help,
  };
}

const isWebSocketUrl = (text: string): boolean => /^wss?:$/.test(URL.parse(text)?.protocol ?? "");

function parse(args: readonly string[]) {
  return parsed(
    () =>
      parseArgs({
        args: [...args],
        options: {
          url: { type: "string" },
          agent: { type: "string" },
          case: { type: "string", multiple: true, default: [] as string[] },
          compression: { type: "boolean", default: false },
          imitation: { type: "boolean", default: false },
          help: { type: "boolean", default: false },
        },
      }).values,
  );
}
