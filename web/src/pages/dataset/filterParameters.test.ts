import { expect, it } from "vitest";
import { NO_FILTERS } from "./io/filters";
import { readFilters, writeFilters } from "./filterParameters";

it("writes filters into an address and reads them back, and leaves the rest of it", () => {
  const filters = { state: "errors", labels: ["a&b=c", "<b>", "a"], name: "a b", sort: "-name" } as const;
  const address = writeFilters(new URLSearchParams("type=TEST"), filters).toString();
  const parameters = new URLSearchParams(address);
  expect(readFilters(parameters)).toEqual(filters);
  expect(parameters.get("type")).toBe("TEST");
  expect(writeFilters(parameters, NO_FILTERS).toString()).toBe("type=TEST");
});

it("takes an address with nonsense as one without filters", () => {
  expect(readFilters(new URLSearchParams("show=nothing&sort=up&label="))).toEqual({ ...NO_FILTERS, labels: [""] });
});
