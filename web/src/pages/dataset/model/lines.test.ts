import { describe, expect, it } from "vitest";
import type { Annotations } from "./annotations";
import { fileName, MAXIMUM_LINE, readLine, unlabelledLine, writeLine } from "./lines";

const NOW = new Date("2026-03-04T05:06:07.089Z");
const SIZE = { width: 640, height: 480 };

const IMAGE_LINE = {
  "source-ref": "s3://bucket/images/sunrise.png",
  "testdataset-classification_Sunrise": 1,
  "testdataset-classification_Sunrise-metadata": {
    confidence: 1,
    "job-name": "labeling-job/testdataset-classification_Sunrise",
    "class-name": "Sunrise",
    "human-annotated": "yes",
    "creation-date": "2020-03-06T17:46:39.176",
    type: "groundtruth/image-classification",
  },
};

const BOX_LINE = {
  "source-ref": "s3://bucket/images/IMG_1186.png",
  "bounding-box": {
    image_size: [{ width: 640, height: 480, depth: 3 }],
    annotations: [
      { class_id: 1, top: 251, left: 399, width: 155, height: 101 },
      { class_id: 0, top: 65, left: 86, width: 220, height: 334 },
    ],
  },
  "bounding-box-metadata": {
    objects: [{ confidence: 1 }, { confidence: 1 }],
    "class-map": { "0": "Echo", "1": "Echo Dot" },
    type: "groundtruth/object-detection",
    "human-annotated": "yes",
    "creation-date": "2013-11-18T02:53:27",
    "job-name": "my job",
  },
};

const members = (line: string): Record<string, unknown> => JSON.parse(line) as Record<string, unknown>;
const rewritten = (line: object, change: (annotations: Annotations) => Annotations): Record<string, unknown> => {
  const entry = readLine(JSON.stringify(line));
  return members(writeLine(entry, change(entry.annotations), NOW));
};

describe("readLine", () => {
  it("reads image-level labels and boxes of one line", () => {
    const entry = readLine(JSON.stringify({ ...BOX_LINE, ...IMAGE_LINE }));
    expect(entry.sourceRef).toBe("s3://bucket/images/sunrise.png");
    expect(entry.annotations.labels).toEqual(["Sunrise"]);
    expect(entry.annotations.boxes.map(({ label, left, height }) => [label, left, height])).toEqual([
      ["Echo Dot", 399, 101],
      ["Echo", 86, 334],
    ]);
    expect(entry.annotations.frame).toEqual({ width: 640, height: 480 });
  });

  it("scales the boxes of a second attribute to the first one's frame", () => {
    const second = {
      other: {
        image_size: [{ width: 320, height: 240, depth: 3 }],
        annotations: [{ class_id: 0, top: 10, left: 20, width: 30, height: 40 }],
      },
      "other-metadata": { ...BOX_LINE["bounding-box-metadata"], objects: [{ confidence: 1 }] },
    };
    const box = readLine(JSON.stringify({ ...BOX_LINE, ...second })).annotations.boxes[2];
    expect(box).toMatchObject({ label: "Echo", left: 40, top: 20, width: 60, height: 80 });
  });

  it.each(["", "{", "null", "[]", '"text"', '{"source-ref": 5}', '{"a": {"annotations": 7}, "a-metadata": []}'])(
    "shows nothing of the malformed line %j",
    (line) => {
      expect(readLine(line)).toMatchObject({ sourceRef: "", annotations: { labels: [], boxes: [], frame: null } });
    },
  );

  it("finds errors at their four places", () => {
    const error = (code: string): object[] => [{ code, message: `message of ${code}` }];
    const line = {
      ...BOX_LINE,
      "bounding-box": {
        ...BOX_LINE["bounding-box"],
        annotations: [{ class_id: 1, top: 0, left: 0, width: 1, height: 1, "cl-errors": error("A") }],
        "cl-errors": error("B"),
      },
      "bounding-box-metadata": { ...BOX_LINE["bounding-box-metadata"], "cl-errors": error("M") },
      "cl-metadata": { is_labeled: true },
      "cl-errors": error("I"),
    };
    const found = readLine(JSON.stringify(line)).errors.map((each) => [each.code, each.attribute, each.annotation]);
    expect(found).toEqual([
      ["I", null, null],
      ["B", "bounding-box", null],
      ["A", "bounding-box", 0],
      ["M", "bounding-box", null],
    ]);
  });
});

describe("writeLine", () => {
  it("writes a new image-level label as F-3 asks", () => {
    const entry = readLine(unlabelledLine("s3://bucket/a.png"));
    expect(members(writeLine(entry, { labels: ["kitchen"], boxes: [], frame: null }, NOW))).toEqual({
      "source-ref": "s3://bucket/a.png",
      classification_kitchen: 1,
      "classification_kitchen-metadata": {
        confidence: 1,
        "job-name": "labeling-job/kitchen",
        "class-name": "kitchen",
        "human-annotated": "yes",
        "creation-date": "2026-03-04T05:06:07.089",
        type: "groundtruth/image-classification",
      },
    });
  });

  it("writes boxes as F-5 asks", () => {
    const entry = readLine(unlabelledLine("s3://bucket/a.png"));
    const boxes = [
      { id: "1", label: "cat", left: 1, top: 2, width: 30, height: 40 },
      { id: "2", label: "dog", left: 5, top: 6, width: 70, height: 80 },
      { id: "3", label: "cat", left: 9, top: 9, width: 9, height: 9 },
    ];
    expect(members(writeLine(entry, { labels: [], boxes, frame: SIZE }, NOW))).toEqual({
      "source-ref": "s3://bucket/a.png",
      "bounding-box": {
        image_size: [{ width: 640, height: 480, depth: 3 }],
        annotations: [
          { class_id: 0, left: 1, top: 2, width: 30, height: 40 },
          { class_id: 1, left: 5, top: 6, width: 70, height: 80 },
          { class_id: 0, left: 9, top: 9, width: 9, height: 9 },
        ],
      },
      "bounding-box-metadata": {
        objects: [{ confidence: 1 }, { confidence: 1 }, { confidence: 1 }],
        "class-map": { "0": "cat", "1": "dog" },
        type: "groundtruth/object-detection",
        "human-annotated": "yes",
        "creation-date": "2026-03-04T05:06:07.089",
        "job-name": "labeling-job/bounding-box",
      },
    });
  });

  it("leaves what nobody changed as it was", () => {
    const line = { ...IMAGE_LINE, ...BOX_LINE, note: { kept: [1, 2] } };
    expect(rewritten(line, ({ labels, boxes }) => ({ labels: [...labels], boxes: [...boxes], frame: SIZE }))).toEqual(
      line,
    );
    const labelled = rewritten(line, (annotations) => ({ ...annotations, labels: ["Sunrise", "Sea"] }));
    expect(labelled).toMatchObject(line);
    expect(Object.keys(labelled)).toContain("classification_Sea-metadata");
  });

  it("takes a label away with its attribute and metadata", () => {
    expect(rewritten(IMAGE_LINE, () => ({ labels: [], boxes: [], frame: null }))).toEqual({
      "source-ref": "s3://bucket/images/sunrise.png",
    });
  });

  it("keeps the attribute's name, its job and the class ids of labels when boxes change", () => {
    const line = rewritten(BOX_LINE, ({ boxes }) => ({
      labels: [],
      frame: SIZE,
      boxes: [...boxes.slice(0, 1), { id: "n", label: "Tap", left: 1, top: 1, width: 5, height: 5 }],
    }));
    expect(line["bounding-box-metadata"]).toMatchObject({
      "class-map": { "1": "Echo Dot", "2": "Tap" },
      "job-name": "my job",
      objects: [{ confidence: 1 }, { confidence: 1 }],
    });
  });

  it("takes away the attribute of the last box: an empty one would be a warning (J-19)", () => {
    expect(rewritten(BOX_LINE, () => ({ labels: [], boxes: [], frame: null }))).toEqual({
      "source-ref": BOX_LINE["source-ref"],
    });
  });

  it("sends nothing that the service added", () => {
    const added = [{ code: "X", message: "x" }];
    const line = {
      ...BOX_LINE,
      "bounding-box": { ...BOX_LINE["bounding-box"], "cl-errors": added },
      "bounding-box-metadata": { ...BOX_LINE["bounding-box-metadata"], "cl-errors": added },
      "cl-metadata": { is_labeled: true },
      "cl-errors": added,
      warnings: added,
    };
    expect(rewritten(line, (annotations) => annotations)).toEqual(BOX_LINE);
  });

  it.each(["a-metadata", "__proto__", "</script><b>", "\u202eabc", "source-ref", 'quote"and\\slash', "constructor"])(
    "writes the label %j so that reading gives it back",
    (label) => {
      const entry = readLine(unlabelledLine("s3://bucket/a.png"));
      const boxes = [{ id: "1", label, left: 0, top: 0, width: 9, height: 9 }];
      const line = writeLine(entry, { labels: [label], boxes, frame: SIZE }, NOW);
      const again = readLine(line).annotations;
      expect(again.labels).toEqual([label]);
      expect(again.boxes.map((box) => box.label)).toEqual([label]);
    },
  );

  it("gives labels whose attribute's name is taken another one", () => {
    const entry = readLine(JSON.stringify({ "source-ref": "s3://b/a.png", classification_cat: "a note" }));
    const line = writeLine(entry, { labels: ["cat"], boxes: [], frame: null }, NOW);
    expect(members(line)).toMatchObject({ classification_cat: "a note", classification_cat_2: 1 });
  });

  it("refuses a line over 100,000 characters (Q-16)", () => {
    const entry = readLine(JSON.stringify({ "source-ref": "s3://b/a.png", note: "x".repeat(MAXIMUM_LINE) }));
    expect(() => writeLine(entry, { labels: ["cat"], boxes: [], frame: null }, NOW)).toThrow(RangeError);
  });
});

it("names a file by the last part of its address", () => {
  expect(fileName("s3://bucket/folder/a b.png")).toBe("a b.png");
  expect(fileName("")).toBe("");
});
