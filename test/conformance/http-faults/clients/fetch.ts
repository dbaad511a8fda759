import { install, setGlobalDispatcher } from "undici";
import type { ClientSettings } from "./client.ts";
import { agentFor } from "./undici.ts";

/**
 * Gives the clients that are made on `fetch` one with limits: undici's own in place of the built-in one, over an agent
 * with the limits of the case. Returns what closes it.
 */
export function limitFetch(settings: ClientSettings): () => Promise<void> {
  const agent = agentFor(settings);
  install();
  setGlobalDispatcher(agent);
  return async () => agent.destroy();
}
