/** Which images of a list are chosen: sorted ranges of positions, so that all of 100,000 cost no more than one. */

export interface Range {
  /** First position, from 0. */
  readonly from: number;
  /** Position behind the last. */
  readonly to: number;
}

export interface Selection {
  /** Sorted, apart from one another. */
  readonly ranges: readonly Range[];
  /** Where a range begins that Shift extends. */
  readonly anchor: number | null;
}

export const NOTHING_SELECTED: Selection = { ranges: [], anchor: null };

export function isSelected(selection: Selection, position: number): boolean {
  return selection.ranges.some(({ from, to }) => position >= from && position < to);
}

export function countSelected(selection: Selection): number {
  return selection.ranges.reduce((count, { from, to }) => count + to - from, 0);
}

/** A click: the image joins or leaves the selection. */
export function toggled(selection: Selection, position: number): Selection {
  const one = { from: position, to: position + 1 };
  const ranges = isSelected(selection, position) ? minus(selection.ranges, one) : plus(selection.ranges, one);
  return { ranges, anchor: position };
}

/** A click with Shift: all between the anchor and here join (C-11). The anchor stays. */
export function extended(selection: Selection, position: number): Selection {
  const anchor = selection.anchor ?? position;
  const range = { from: Math.min(anchor, position), to: Math.max(anchor, position) + 1 };
  return { ranges: plus(selection.ranges, range), anchor };
}

/** What a dragged frame covers joins what was chosen before the drag. */
export function dragged(before: Selection, covered: readonly Range[]): Selection {
  return { ranges: covered.reduce(plus, before.ranges), anchor: covered[0]?.from ?? before.anchor };
}

export function allSelected(total: number): Selection {
  return { ranges: total > 0 ? [{ from: 0, to: total }] : [], anchor: 0 };
}

/** The positions of the cells of a grid that a frame of rows and columns covers; both ends belong to it. */
export function coveredRanges(
  rows: readonly [number, number],
  columns: readonly [number, number],
  perRow: number,
  total: number,
): Range[] {
  const ranges: Range[] = [];
  const first = Math.max(0, columns[0]);
  const last = Math.min(perRow - 1, columns[1]);
  if (first > last) return ranges;
  for (let row = Math.max(0, rows[0]); row <= rows[1] && row * perRow < total; row++) {
    const from = row * perRow + first;
    const to = Math.min(total, row * perRow + last + 1);
    if (from < to) ranges.push({ from, to });
  }
  return ranges;
}

function plus(ranges: readonly Range[], added: Range): Range[] {
  const apart = ranges.filter(({ from, to }) => to < added.from || from > added.to);
  const touching = ranges.filter(({ from, to }) => to >= added.from && from <= added.to);
  const joined = {
    from: Math.min(added.from, ...touching.map(({ from }) => from)),
    to: Math.max(added.to, ...touching.map(({ to }) => to)),
  };
  return [...apart, joined].sort((one, other) => one.from - other.from);
}

function minus(ranges: readonly Range[], removed: Range): Range[] {
  return ranges
    .flatMap(({ from, to }) => [
      { from, to: Math.min(to, removed.from) },
      { from: Math.max(from, removed.to), to },
    ])
    .filter(({ from, to }) => from < to);
}
