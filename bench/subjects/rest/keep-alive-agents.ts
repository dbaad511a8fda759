import { Agent } from "node:http";
import { Agent as TLSAgent } from "node:https";

/** What holds the connections of Node's own client. */
export interface Agents extends AsyncDisposable {
  readonly http: Agent;
  readonly https: TLSAgent;
}

/** Agents that open as many connections to an origin as there are calls at a time, and keep them. */
export function keepAliveAgents(connections: number): Agents {
  const options = { keepAlive: true, maxSockets: connections };
  const [http, https] = [new Agent(options), new TLSAgent(options)];
  return {
    http,
    https,
    [Symbol.asyncDispose]: async () => {
      http.destroy();
      https.destroy();
    },
  };
}
