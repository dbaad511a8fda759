import { describe, expect, test } from "vitest";
import { camelCase, classNameFor, isClassName, methodNames } from "../../../src/cli/generate/names.ts";
import type { Operation } from "../../../src/cli/generate/operations.ts";

const operation = (id: string, method: Operation["method"] = "get", path = "/things"): Operation => ({
  method,
  path,
  id,
  summary: "",
  isDeprecated: false,
  hasJsonAnswer: true,
  jsonType: undefined,
});
const namesOf = (...ids: string[]): string[] => methodNames(ids.map((id) => operation(id)));

describe("a method is named", () => {
  test.each([
    ["getPlanet", "getPlanet"],
    ["repos/list-for-org", "reposListForOrg"],
    ["Get_User", "getUser"],
    ["GETUser", "getUser"],
    ["ID", "id"],
    ["pets.find by status", "petsFindByStatus"],
    ["größe", "größe"],
  ])("after its operationId %s in camelCase: %s", (id, name) => {
    expect(namesOf(id)).toEqual([name]);
  });

  test("after method and path where there is no operationId", () => {
    const operations = [operation("", "get", "/users/{id}/posts"), operation("", "delete", "/users/{id}/posts")];
    expect(methodNames(operations)).toEqual(["getUsersByIdPosts", "deleteUsersByIdPosts"]);
  });

  test("with the HTTP method in front where the name would begin with a digit", () => {
    expect(namesOf("2fa-enable")).toEqual(["get2faEnable"]);
  });

  test.each(["events", "close", "logger", "then", "constructor", "toString", "describe", "get", "request"])(
    "with the HTTP method in front where the class has %s already",
    (id) => {
      const [name] = namesOf(id);
      expect(name).toBe(`get${id.charAt(0).toUpperCase()}${id.slice(1)}`);
    },
  );

  test("with a number where two would have the same name", () => {
    expect(namesOf("get-thing", "getThing", "get/thing")).toEqual(["getThing", "getGetThing", "getGetThing2"]);
  });
});

describe("the class is named", () => {
  test.each([
    ["Scalar Galaxy", "ScalarGalaxy"],
    ["GitHub's API", "GitHubsAPI"],
    ["2checkout api", "CheckoutApi"],
    ["", "Client"],
    ["!", "Client"],
    ["paths", "Paths"],
    ["REST Service", "RESTServiceClient"],
  ])("after the title %s: %s", (title, name) => {
    expect(classNameFor(title)).toBe(name);
    expect(isClassName(name)).toBe(true);
  });

  test.each(["git hub", "github", "", "1A", "RESTService", "A;B"])("never %s", (name) => {
    expect(isClassName(name)).toBe(false);
  });
});

test("an acronym in front is small as a whole", () => {
  expect(camelCase("URL list")).toBe("urlList");
});
