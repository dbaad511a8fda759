import { afterAll, describe, expect, test } from "vitest";
import { LanguageService } from "../support/language-service.ts";

const editor = new LanguageService("test/types/in-an-editor.ts");
afterAll(() => editor[Symbol.dispose]());

const source = (code: string): string => `
  import { RESTService } from "hawser";
  import { Galaxy, type paths } from "../../examples/galaxy.ts";
  declare class Service extends RESTService<paths> {}
  declare const service: Service;
  declare const galaxy: Galaxy;
  ${code}
`;
const completed = (code: string): string[] => editor.completionsAt(source(code));
const complaints = (code: string): string[] => editor.problemsOf(source(code));

describe("an editor offers", () => {
  test("the paths that have the method, and no others", () => {
    expect(completed('await service.getJson("¦")')).toEqual(["/me", "/planets", "/planets/{planetId}"]);
    expect(completed('await service.putJson("¦")')).toEqual(["/planets/{planetId}"]);
    expect(completed('await service.stream("¦")')).toEqual(expect.arrayContaining(["/planets", "/user/signup"]));
  });

  test("the parameters of a path", () => {
    expect(completed('await service.getJson("/planets/{planetId}", { path: { ¦ } })')).toEqual(["planetId"]);
    expect(completed("await galaxy.getPlanet({ path: { ¦ } })")).toEqual(["planetId"]);
  });

  test("the parameters of a query", () => {
    expect(completed('await service.getJson("/planets", { params: { ¦ } })')).toEqual(["limit", "offset"]);
  });

  test("the fields of a body, and the values that one of them has", () => {
    expect(completed('await service.postJson("/planets", { json: { ¦ } })')).toEqual(
      expect.arrayContaining(["name", "type", "habitabilityIndex"]),
    );
    expect(completed('await service.postJson("/planets", { json: { name: "x", type: "¦" } })')).toEqual([
      "dwarf",
      "gas_giant",
      "ice_giant",
      "super_earth",
      "terrestrial",
    ]);
  });

  test("the statuses of a failure", () => {
    const [first, ...others] = completed(
      'const r = await service.getJson("/planets/{planetId}", { path: { planetId: 1 } }).safe(); if (!r.ok && r.status === 404) r.error.body.¦',
    );
    expect([first, ...others]).toEqual(["detail", "status", "title", "type"]);
  });

  test("the methods of a generated client, beside those of every service", () => {
    expect(completed("galaxy.¦")).toEqual(expect.arrayContaining(["getPlanet", "createPlanet", "getJson", "connect"]));
  });
});

describe("the compiler says", () => {
  test("that a path is none of those with the method", () => {
    expect(complaints('await service.getJson("/plantes");')).toEqual([
      `Argument of type '"/plantes"' is not assignable to parameter of type 'PathWith<paths, "get">'.`,
    ]);
  });

  test("that there are options which a path needs", () => {
    expect(complaints('await service.getJson("/planets/{planetId}");')).toEqual(["Expected 2 arguments, but got 1."]);
  });

  test("how a name is written that was misspelt", () => {
    const [one = "", ...others] = complaints('await service.getJson("/planets", { params: { limt: 1 } });');
    expect(one).toMatch(/'limt' does not exist in type .* Did you mean to write 'limit'\?/);
    expect(others).toEqual([]);
  });
});
