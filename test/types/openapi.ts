// What docs/openapi.md shows, compiled: the document's blocks stand here word for word.
import { defineServices, rest, RESTService } from "hawser";
import { z } from "zod";
import { Galaxy, type paths } from "../../examples/galaxy.ts";

declare const id: number;
declare const logo: Blob;

class Planets extends RESTService<paths> {
  planet(planetId: number) {
    return this.getJson("/planets/{planetId}", { path: { planetId } });
  }

  newPlanet(name: string) {
    return this.postJson("/planets", { json: { name, type: "terrestrial" } });
  }
}

abstract class CompanyService<Paths extends object> extends RESTService<Paths> {
  protected get tenant(): string {
    return `tenant of ${this.name}`;
  }
}

class TenantPlanets extends CompanyService<paths> {
  planets() {
    return this.getJson("/planets", { headers: { "x-tenant": this.tenant } });
  }
}

export const services = defineServices({
  galaxy: rest(Galaxy, { baseUrl: Galaxy.serverUrl }), // GALAXY_URL wins over it
  planets: rest(Planets),
  tenantPlanets: rest(TenantPlanets),
});

export async function shown() {
  const galaxy = services.get("galaxy");
  const planet = await galaxy.getPlanet({ path: { planetId: 4 } });
  await galaxy.uploadImage({ path: { planetId: planet.id }, multipart: { image: logo } });

  const result = await galaxy.getPlanet({ path: { planetId: id } }).safe();
  if (result.ok) return result.value.name;
  if (result.status === 404) return result.error.body.title;
  if (result.status === undefined) return "no answer";
  throw result.error;
}

export async function checked() {
  const Named = z.object({ name: z.string().min(1) });
  const { name } = await services.get("planets").getJson("/planets/{planetId}", {
    path: { planetId: id },
    schema: Named,
  });
  return name;
}

export async function undocumented() {
  return services.get("galaxy").request("GET", "/planets/beta", { params: { since: 2026 } });
}
