import { describe, expect, it } from "vitest";
import { batchedLines, MAXIMUM_BATCH_BYTES } from "./batches";

const text = (batch: Uint8Array): string => new TextDecoder().decode(batch);

describe("batchedLines", () => {
  it("keeps the order and fills each body", () => {
    expect(batchedLines(["aa", "bb", "cc"], 6).map(text)).toEqual(["aa\nbb\n", "cc\n"]);
    expect(batchedLines([])).toEqual([]);
  });

  it("counts bytes, not characters", () => {
    expect(batchedLines(["é", "é"], 5).map(text)).toEqual(["é\n", "é\n"]);
  });

  it("refuses a line that is larger than a body", () => {
    expect(() => batchedLines(["x".repeat(10)], 10)).toThrow(RangeError);
  });

  it("splits as the service allows", () => {
    const batches = batchedLines(Array.from({ length: 80 }, () => "x".repeat(99_999)));
    expect(batches.map((batch) => batch.length)).toEqual([5_200_000, 2_800_000]);
    expect(Math.max(...batches.map((batch) => batch.length))).toBeLessThanOrEqual(MAXIMUM_BATCH_BYTES);
  });
});
