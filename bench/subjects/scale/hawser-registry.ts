import { defineServices, RESTService, rest, service, silentLogger } from "hawser";
import { isCustom, nameOf, type Registry } from "./registries.ts";

class Payments extends RESTService {}

/** A registry with a definition for each service. */
export function make(size: number, env: Readonly<Record<string, string>>): Registry {
  const definitions: Record<string, ReturnType<typeof definition>> = {};
  for (let index = 0; index < size; index++)
    definitions[nameOf(index)] = definition(index, definitions[nameOf(index - 1)]);
  const services = defineServices(definitions, { env, logger: silentLogger });
  return {
    start: async () => void (await services.start()),
    get: (index) => services.get(nameOf(index)),
    health: () => services.health({ fresh: true }),
    stop: () => services.stop(),
  };
}

function definition(index: number, before: ReturnType<typeof rest> | undefined): ReturnType<typeof rest> {
  if (!isCustom(index) || before === undefined) return rest(Payments, { healthEndpoint: false });
  return service({ needs: [before], create: (_context, needed) => needed });
}
