// GALAXY_URL is where a mock of the document listens that galaxy.ts was generated of:
//   npx prism mock node_modules/@scalar/galaxy/dist/3.1.yaml
// GALAXY_API_KEY is any.
import { defineServices, rest } from "hawser";
import { Galaxy } from "./galaxy.ts";

const services = defineServices({ galaxy: rest(Galaxy) });
await services.start();
const galaxy = services.get("galaxy");

const planet = await galaxy.getPlanet({ path: { planetId: 1 } });
console.log(`found ${planet.name}`);

const created = await galaxy.createPlanet({ json: { name: "Kepler-22b", type: "super_earth" } });
console.log(`created ${created.name}`);

// This asks the mock for its answer 404.
const headers = { prefer: "code=404" };
const result = await galaxy.getPlanet({ path: { planetId: 2 }, headers }).safe();
if (result.ok) console.log(`found ${result.value.name}`);
else if (result.status === 404) console.log(`not found: ${result.error.body.detail}`);
else throw result.error;

await services.stop();
