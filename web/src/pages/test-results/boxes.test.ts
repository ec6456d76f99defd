import { expect, test } from "vitest";
import type { ResultItem } from "../../api/types";
import { boxesOf } from "./boxes";

const box = { left: 10, top: 20, width: 30, height: 40 };
const item: ResultItem = {
  source_ref: "s3://b/k",
  bucket: "b",
  key: "k",
  name: "k",
  image_size: { width: 100, height: 200 },
  results: [
    { label: "a", result: "TP", confidence: 0.9, box },
    { label: "b", result: "FN", confidence: null, box },
  ],
  truth: [
    { label: "a", box },
    { label: "b", box },
  ],
};

test("boxes are shares of the picture, and what was missed is shown once", () => {
  const shown = boxesOf(item, { truth: true, answer: true });
  expect(shown.map((one) => [one.kind, one.label])).toEqual([
    ["truth", "a"],
    ["truth", "b"],
    ["answer", "a"],
  ]);
  expect(shown[0]).toMatchObject({ left: 0.1, top: 0.1, width: 0.3, height: 0.2 });
});

test("a side can be left out; without a size nothing can be placed", () => {
  expect(boxesOf(item, { truth: false, answer: true })).toHaveLength(1);
  expect(boxesOf({ ...item, image_size: null }, { truth: true, answer: true })).toEqual([]);
});
