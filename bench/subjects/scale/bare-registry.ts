import { RESTService, silentLogger } from "hawser";
import { isCustom, nameOf, type Registry } from "./registries.ts";

class Payments extends RESTService {}

/** The same services in a Map, by hand. */
export function make(size: number, env: Readonly<Record<string, string>>): Registry {
  const made = new Map<string, Payments>();
  const services = new Set<Payments>();
  return {
    start: async () => {
      let before: Payments | undefined;
      for (let index = 0; index < size; index++) {
        if (!isCustom(index) || before === undefined) {
          before = new Payments({
            name: nameOf(index),
            baseUrl: env[`SERVICE${index}_URL`] ?? "",
            healthEndpoint: false,
            logger: silentLogger,
          });
          services.add(before);
        }
        made.set(nameOf(index), before);
      }
      await Promise.all([...services].map((one) => one.connect()));
    },
    get: (index) => made.get(nameOf(index)),
    health: () => Promise.all([...services].map((one) => one.checkHealth())),
    stop: async () => void (await Promise.all([...services].map((one) => one.close()))),
  };
}
