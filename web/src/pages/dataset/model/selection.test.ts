import { describe, expect, it } from "vitest";
import {
  allSelected,
  countSelected,
  coveredRanges,
  dragged,
  extended,
  isSelected,
  NOTHING_SELECTED,
  toggled,
} from "./selection";

const positions = (selection: typeof NOTHING_SELECTED, total = 30): number[] =>
  Array.from({ length: total }, (_, position) => position).filter((position) => isSelected(selection, position));

describe("a selection", () => {
  it("takes and gives up single images", () => {
    let selection = [4, 2, 3, 9].reduce(toggled, NOTHING_SELECTED);
    expect(selection.ranges).toEqual([
      { from: 2, to: 5 },
      { from: 9, to: 10 },
    ]);
    selection = toggled(selection, 3);
    expect(positions(selection)).toEqual([2, 4, 9]);
    expect(countSelected(selection)).toBe(3);
  });

  it("extends from the last click in both directions (C-11)", () => {
    const from = toggled(NOTHING_SELECTED, 5);
    expect(positions(extended(from, 8))).toEqual([5, 6, 7, 8]);
    expect(positions(extended(extended(from, 8), 3))).toEqual([3, 4, 5, 6, 7, 8]);
    expect(positions(extended(NOTHING_SELECTED, 2))).toEqual([2]);
  });

  it("holds all of 100,000 images as one range", () => {
    const all = allSelected(100_000);
    expect(countSelected(all)).toBe(100_000);
    expect(all.ranges).toHaveLength(1);
    expect(countSelected(toggled(all, 50_000))).toBe(99_999);
    expect(allSelected(0).ranges).toEqual([]);
  });

  it("adds what a dragged frame covers", () => {
    const covered = coveredRanges([1, 2], [1, 9], 4, 11);
    expect(covered).toEqual([
      { from: 5, to: 8 },
      { from: 9, to: 11 },
    ]);
    expect(positions(dragged(toggled(NOTHING_SELECTED, 0), covered))).toEqual([0, 5, 6, 7, 9, 10]);
    expect(coveredRanges([0, 5], [-3, -1], 4, 11)).toEqual([]);
  });
});
