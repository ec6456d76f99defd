import type { EntryQuery } from "../../../api/types";

export type EntryState = NonNullable<EntryQuery["state"]>;
export type Sort = NonNullable<EntryQuery["sort"]>;

/** Which images the gallery shows, and in which order. */
export interface Filters {
  readonly state: EntryState;
  /** Any of these. */
  readonly labels: readonly string[];
  /** Part of the image's address, case-sensitive. */
  readonly name: string;
  readonly sort: Sort;
}

export const NO_FILTERS: Filters = { state: "all", labels: [], name: "", sort: "manifest" };

/** Whether some images may be left out. */
export const isFiltering = ({ state, labels, name }: Filters): boolean => state !== "all" || labels.length > 0 || name !== "";
