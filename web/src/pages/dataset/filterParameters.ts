import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";
import { type EntryState, type Filters, NO_FILTERS, type Sort } from "./io/filters";

const STATES: readonly EntryState[] = ["all", "labeled", "unlabeled", "errors"];
const SORTS: readonly Sort[] = ["manifest", "name", "-name"];

export function readFilters(parameters: URLSearchParams): Filters {
  return {
    state: STATES.find((one) => one === parameters.get("show")) ?? NO_FILTERS.state,
    labels: parameters.getAll("label"),
    name: parameters.get("name") ?? "",
    sort: SORTS.find((one) => one === parameters.get("sort")) ?? NO_FILTERS.sort,
  };
}

export function writeFilters(parameters: URLSearchParams, filters: Filters): URLSearchParams {
  const next = new URLSearchParams(parameters);
  for (const name of ["show", "label", "name", "sort"]) next.delete(name);
  if (filters.state !== "all") next.set("show", filters.state);
  for (const label of filters.labels) next.append("label", label);
  if (filters.name) next.set("name", filters.name);
  if (filters.sort !== "manifest") next.set("sort", filters.sort);
  return next;
}

/** The gallery's filters live in the address, so that a filtered gallery can be kept and sent to others. */
export function useFilters(): [Filters, (filters: Filters) => void] {
  const [parameters, setParameters] = useSearchParams();
  const text = parameters.toString();
  const filters = useMemo(() => readFilters(new URLSearchParams(text)), [text]);
  const change = useCallback(
    (next: Filters) => setParameters((old) => writeFilters(old, next), { replace: true }),
    [setParameters],
  );
  return [filters, change];
}
