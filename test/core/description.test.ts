import { expect, test } from "vitest";
import { ServiceDescription } from "../../src/core/description.ts";

const description = new ServiceDescription("payments", "https://pay.example", [
  {
    name: "deadline",
    isOn: true,
    settings: [
      { name: "deadlineMs", value: 8_000, origin: "environment: PAYMENTS_TIMEOUT" },
      { name: "deadlineHeader", value: "x-deadline", origin: "definition" },
    ],
  },
  { name: "hedge", isOn: false, settings: [] },
  { name: "coalesce", isOn: true, settings: [] },
  { name: "circuit", isOn: true, settings: [{ name: "openMs", value: 1_000, origin: "default" }], state: "closed" },
]);

test("the text has a line for each setting, says where it comes from unless it is a default, and what is off", () => {
  expect(String(description)).toBe(
    [
      "payments  https://pay.example",
      " 1  deadline  deadlineMs 8000  (environment: PAYMENTS_TIMEOUT)",
      "              deadlineHeader x-deadline  (definition)",
      " 2  hedge     off",
      " 3  coalesce  on",
      " 4  circuit   openMs 1000",
      "              now: closed",
    ].join("\n"),
  );
});
