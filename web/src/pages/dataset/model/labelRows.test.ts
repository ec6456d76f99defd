import { describe, expect, it } from "vitest";
import { changesOf, MAXIMUM_LABELS, newRow, problemOf, rowsOf } from "./labelRows";

const count = (name: string, images = 0) => ({ name, images, boxes: 0, is_stored: images === 0 });

describe("the rows of Manage labels", () => {
  it("ask for what differs, and for nothing else", () => {
    const [kept, renamed, removed] = rowsOf([count("cat", 2), count("dog", 1), count("cow")]);
    if (!kept || !renamed || !removed) throw new Error("three rows");
    const rows = [kept, { ...renamed, name: " Hund " }, { ...removed, isRemoved: true }, newRow("horse ")];
    expect(changesOf(rows)).toEqual({ add: ["horse"], rename: [{ from: "dog", to: "Hund" }], remove: ["cow"] });
    expect(changesOf([kept])).toEqual({ add: [], rename: [], remove: [] });
  });

  it("take no name twice, none that is empty and none over 256 characters (J-22)", () => {
    const rows = rowsOf([count("cat"), count("dog")]);
    expect(problemOf("cat ", rows, null)).toBe("taken");
    expect(problemOf("cat", rows, rows[0]?.id ?? -1)).toBeNull();
    expect(problemOf("Cat", rows, null)).toBeNull();
    expect(problemOf("  ", rows, null)).toBe("empty");
    expect(problemOf("😀".repeat(256), rows, null)).toBeNull();
    expect(problemOf("😀".repeat(257), rows, null)).toBe("tooLong");
  });

  it("leave a name with blanks at its ends that came with a manifest", () => {
    const rows = rowsOf([count(" cat"), count("cat")]);
    expect(rows.map((row) => problemOf(row.name, rows, row.id))).toEqual([null, null]);
    expect(changesOf(rows)).toEqual({ add: [], rename: [], remove: [] });
  });

  it("take a name again that a removed row had", () => {
    const rows = rowsOf([count("cat")]).map((row) => ({ ...row, isRemoved: true }));
    expect(problemOf("cat", rows, null)).toBeNull();
  });

  it("are 250 at most (Q-6)", () => {
    const rows = rowsOf(Array.from({ length: MAXIMUM_LABELS }, (_, index) => count(`label ${index}`)));
    expect(problemOf("one more", rows, null)).toBe("tooMany");
  });
});
