import { parseArgs } from "node:util";
import { startSandbox } from "./sandbox.ts";

const { values: flags } = parseArgs({
  options: {
    "gateway-port": { type: "string", default: "4010" },
    "notifications-port": { type: "string", default: "4011" },
    "feed-port": { type: "string", default: "4012" },
    "tokens-port": { type: "string", default: "4014" },
    "control-port": { type: "string", default: "4013" },
    "tick-interval-ms": { type: "string", default: "100" },
  },
});

const sandbox = await startSandbox({
  gatewayPort: Number(flags["gateway-port"]),
  notificationsPort: Number(flags["notifications-port"]),
  feedPort: Number(flags["feed-port"]),
  tokensPort: Number(flags["tokens-port"]),
  controlPort: Number(flags["control-port"]),
  tickIntervalMs: Number(flags["tick-interval-ms"]),
});

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void sandbox.close());

process.stdout.write(`
  payment gateway   ${sandbox.gateway.url}   key ${sandbox.gateway.apiKey}
  notifications     ${sandbox.notifications.url}   key ${sandbox.notifications.apiKey}
  price feed        ${sandbox.feed.url}/stream   key ${sandbox.feed.apiKey}
  access tokens     ${sandbox.tokens.url}   client ${sandbox.tokens.clientId}, secret ${sandbox.tokens.clientSecret}
  control           ${sandbox.controlUrl}

  Let the next four attempts be charged and never answered, then look at the ledger:

    curl -d '{"kind":"reset-after-read","method":"POST","times":4}' ${sandbox.controlUrl}/gateway/__faults
    curl ${sandbox.controlUrl}/gateway/__ledger

  All faults are in sandbox/README.md. Ctrl-C ends it.
`);
