/** What /console/api says of datasets. */

export type EntryState = "all" | "labeled" | "unlabeled" | "errors";
export type Sort = "manifest" | "name" | "-name";

export interface Filters {
  readonly state: EntryState;
  /** Any of these. */
  readonly labels: readonly string[];
  /** Part of the image's address, case-sensitive. */
  readonly name: string;
  readonly sort: Sort;
}

export const NO_FILTERS: Filters = { state: "all", labels: [], name: "", sort: "manifest" };

export interface DatasetEntry {
  source_ref: string;
  bucket: string;
  key: string;
  name: string;
  is_labeled: boolean;
  has_errors: boolean;
  image_labels: string[];
  boxes: { label: string; left: number; top: number; width: number; height: number }[];
  image_size: { width: number; height: number } | null;
  errors: { code: string; message: string; attribute: string | null; annotation: number | null }[];
  line: string;
}

export interface EntriesPage {
  total: number;
  offset: number;
  revision: string;
  entries: DatasetEntry[];
}

export interface LabelCount {
  name: string;
  images: number;
  boxes: number;
  /** Kept for the console although no image may have it. */
  is_stored: boolean;
}

export interface Counts {
  all: number;
  labeled: number;
  unlabeled: number;
  errors: number;
  labels: LabelCount[];
}

/** A rule of docs/errors.md. */
export interface CatalogueRule {
  code: string;
  message: string;
  effect: string;
  cause: string;
  cure: string;
  ids: string[];
}

/** The size of the upright picture, or why it has none. */
export interface ImageFacts {
  bucket: string;
  key: string;
  width: number | null;
  height: number | null;
  error: { code: string; message: string } | null;
}

export interface Proposals {
  boxes: { left: number; top: number; width: number; height: number; score: number }[];
  width: number;
  height: number;
}
