/** The list of "Manage labels" while it is edited, and what it asks of the dataset in the end (L-2 to L-6). */

import type { LabelCount } from "../../../api/types";

/** J-22, L-5. */
export const MAXIMUM_LABEL = 256;
/** */
export const MAXIMUM_LABELS = 250;

export interface LabelRow {
  readonly id: number;
  /** The name in the dataset; null for a label that is added. */
  readonly original: string | null;
  readonly name: string;
  readonly images: number;
  readonly boxes: number;
  readonly isRemoved: boolean;
}

export type LabelProblem = "empty" | "tooLong" | "taken" | "tooMany";

let made = 0;

export function newRow(name: string): LabelRow {
  made += 1;
  return { id: made, original: null, name, images: 0, boxes: 0, isRemoved: false };
}

export function rowsOf(labels: readonly LabelCount[]): LabelRow[] {
  return labels.map(({ name, images, boxes }) => ({ ...newRow(name), original: name, images, boxes }));
}

/** Typed names lose blanks at their ends; a name that a manifest brought stays as it is. */
const meant = ({ name, original }: LabelRow): string => (name === original ? name : name.trim());

/** What is wrong with a name beside those of the other rows; `id` is the name's own row, null for one to be added. */
export function problemOf(name: string, rows: readonly LabelRow[], id: number | null): LabelProblem | null {
  const text = name.trim();
  if (text === "") return "empty";
  if (Array.from(text).length > MAXIMUM_LABEL) return "tooLong";
  const own = rows.find((row) => row.id === id);
  const others = rows.filter((row) => row.id !== id && !row.isRemoved);
  if (others.some((row) => meant(row) === (own?.original === name ? name : text))) return "taken";
  return id === null && others.length >= MAXIMUM_LABELS ? "tooMany" : null;
}

export interface LabelChanges {
  readonly add: string[];
  readonly rename: { from: string; to: string }[];
  readonly remove: string[];
}

export function changesOf(rows: readonly LabelRow[]): LabelChanges {
  const add: string[] = [];
  const rename: { from: string; to: string }[] = [];
  const remove: string[] = [];
  for (const row of rows) {
    const { original, isRemoved } = row;
    if (original === null) {
      if (!isRemoved) add.push(meant(row));
    } else if (isRemoved) remove.push(original);
    else if (meant(row) !== original) rename.push({ from: original, to: meant(row) });
  }
  return { add, rename, remove };
}
