/**
 * Manifest lines to what the editor shows, and back (F-2 to F-5, Q-16).
 *
 * What the editor does not understand stays as it is: a line that is saved differs only where a person changed it.
 */

import type { Annotations, Box, ImageSize } from "./annotations";
import { sameBoxes } from "./annotations";
import { scaledBoxes } from "./geometry";

export const IMAGE_LEVEL = "groundtruth/image-classification";
export const OBJECT_DETECTION = "groundtruth/object-detection";
/** Q-16: characters. */
export const MAXIMUM_LINE = 100_000;

const METADATA = "-metadata";
const BOX_ATTRIBUTE = "bounding-box";
/** What the service adds to an entry (J-24), and what validation manifests carry (VR-6). */
const ADDED = new Set(["cl-errors", "cl-metadata", "errors", "warnings"]);

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Members = readonly (readonly [string, Json])[];

/** One item of `cl-errors`, with the place where it stands (J-24). */
export interface EntryError {
  readonly code: string;
  readonly message: string;
  /** Null: the error is of the whole line. */
  readonly attribute: string | null;
  /** The index of the annotation that the error is of. */
  readonly annotation: number | null;
}

export interface Entry {
  readonly sourceRef: string;
  /** The frame is `image_size` of the first box attribute. */
  readonly annotations: Annotations;
  readonly errors: readonly EntryError[];
  readonly members: Members;
}

/** Reads a line of a dataset. Whatever is malformed gives less to show, never an exception. */
export function readLine(line: string): Entry {
  const members = membersOf(parsed(line));
  const byName = new Map(members);
  const sourceRef = byName.get("source-ref");
  const labels: string[] = [];
  const boxes: Box[] = [];
  let frame: ImageSize | null = null;
  for (const attribute of attributesOf(members)) {
    const label = imageLevelLabel(attribute);
    if (label !== null) {
      if (!labels.includes(label)) labels.push(label);
      continue;
    }
    const read = boxesOf(attribute);
    if (read === null) continue;
    frame ??= read.size;
    boxes.push(...scaledBoxes(read.boxes, read.size, frame));
  }
  return {
    sourceRef: typeof sourceRef === "string" ? sourceRef : "",
    annotations: { labels, boxes, frame },
    errors: errorsOf(members),
    members: members.filter(([name]) => !ADDED.has(name)).map(([name, value]) => [name, withoutAdded(value)]),
  };
}

/** The name of the file that a `source-ref` ends with. */
export function fileName(sourceRef: string): string {
  return sourceRef.slice(sourceRef.lastIndexOf("/") + 1);
}

/** A line of an image that nobody has labelled yet (J-18). */
export function unlabelledLine(sourceRef: string): string {
  return JSON.stringify({ "source-ref": sourceRef });
}

/**
 * The whole line that makes `entry` say `annotations` (UpdateDatasetEntries replaces lines, D-12).
 *
 * @throws RangeError if the line is longer than Q-16 allows, or boxes have no frame (F-5)
 */
export function writeLine(entry: Entry, annotations: Annotations, now: Date): string {
  const date = now.toISOString().replace("Z", "");
  const kept = keptMembers(entry, annotations);
  const taken = new Set(kept.map(([name]) => name));
  const known = new Set(attributesOf(kept).map(imageLevelLabel));
  const added: [string, Json][] = [];
  for (const label of annotations.labels) {
    if (!known.has(label)) added.push(...imageLevelMembers(label, taken, date));
  }
  if (!sameBoxes(entry.annotations, annotations) && annotations.boxes.length > 0) {
    if (annotations.frame === null) throw new RangeError("An image with boxes needs its size in pixels (F-5).");
    added.push(...boxMembers(entry, annotations.boxes, annotations.frame, taken, date));
  }
  const line = `{${[...kept, ...added].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
  if (line.length > MAXIMUM_LINE) throw new RangeError(`${fileName(entry.sourceRef)}: ${String(line.length)}`);
  return line;
}

function keptMembers(entry: Entry, annotations: Annotations): (readonly [string, Json])[] {
  const dropped = new Set<string>();
  const boxesStay = sameBoxes(entry.annotations, annotations);
  for (const attribute of attributesOf(entry.members)) {
    const label = imageLevelLabel(attribute);
    const gone = label === null ? !boxesStay && isBoxAttribute(attribute) : !annotations.labels.includes(label);
    if (gone) dropped.add(attribute.name).add(attribute.name + METADATA);
  }
  return entry.members.filter(([name]) => !dropped.has(name));
}

function imageLevelMembers(label: string, taken: Set<string>, date: string): [string, Json][] {
  const name = freeName(`classification_${label}`, taken);
  return [
    [name, 1],
    [
      name + METADATA,
      {
        confidence: 1,
        "job-name": `labeling-job/${label}`,
        "class-name": label,
        "human-annotated": "yes",
        "creation-date": date,
        type: IMAGE_LEVEL,
      },
    ],
  ];
}

function boxMembers(
  entry: Entry,
  boxes: readonly Box[],
  size: ImageSize,
  taken: Set<string>,
  date: string,
): [string, Json][] {
  const before = attributesOf(entry.members).find(isBoxAttribute);
  const name = before?.name ?? freeName(BOX_ATTRIBUTE, taken);
  const jobName = before?.metadata["job-name"];
  const ids = classIds(boxes, before);
  const annotations = boxes.map((box) => ({
    class_id: ids.get(box.label) ?? 0,
    top: box.top,
    left: box.left,
    width: box.width,
    height: box.height,
  }));
  const used = [...ids].filter(([label]) => boxes.some((box) => box.label === label));
  return [
    [name, { image_size: [{ width: size.width, height: size.height, depth: 3 }], annotations }],
    [
      name + METADATA,
      {
        objects: boxes.map(() => ({ confidence: 1 })),
        "class-map": Object.fromEntries(used.map(([label, id]) => [String(id), label])),
        type: OBJECT_DETECTION,
        "human-annotated": "yes",
        "creation-date": date,
        "job-name": typeof jobName === "string" ? jobName : `labeling-job/${name}`,
      },
    ],
  ];
}

/** Labels keep the class ids that the line already gave them. */
function classIds(boxes: readonly Box[], before: Attribute | undefined): Map<string, number> {
  const ids = new Map<string, number>();
  for (const [id, label] of Object.entries(objectOf(before?.metadata["class-map"]))) {
    if (typeof label === "string" && /^[0-9]{1,9}$/.test(id) && !ids.has(label)) ids.set(label, Number(id));
  }
  let next = Math.max(-1, ...ids.values()) + 1;
  for (const { label } of boxes) {
    if (!ids.has(label)) ids.set(label, next++);
  }
  return ids;
}

/** A name that is not taken and that no reader mistakes for metadata or for what the service adds. */
function freeName(wanted: string, taken: Set<string>): string {
  const base = wanted.endsWith(METADATA) ? `${wanted}_` : wanted;
  let name = base;
  for (let count = 2; taken.has(name) || taken.has(name + METADATA); count++) name = `${base}_${String(count)}`;
  taken.add(name).add(name + METADATA);
  return name;
}

interface Attribute {
  readonly name: string;
  readonly value: Json;
  readonly metadata: { readonly [key: string]: Json };
}

function attributesOf(members: Members): Attribute[] {
  const byName = new Map(members);
  return members.flatMap(([name, value]) => {
    const metadata = byName.get(name + METADATA);
    if (name === "source-ref" || ADDED.has(name) || !isObject(metadata)) return [];
    return [{ name, value, metadata }];
  });
}

function imageLevelLabel({ metadata }: Attribute): string | null {
  const label = metadata["class-name"];
  return metadata["type"] === IMAGE_LEVEL && typeof label === "string" ? label : null;
}

function isBoxAttribute(attribute: Attribute): boolean {
  return boxesOf(attribute) !== null;
}

function boxesOf({ name, value, metadata }: Attribute): { boxes: Box[]; size: ImageSize } | null {
  if (metadata["type"] !== OBJECT_DETECTION || !isObject(value)) return null;
  const size = sizeOf(value["image_size"]);
  const annotations = value["annotations"] ?? [];
  if (size === null || !isArray(annotations)) return null;
  const classes = objectOf(metadata["class-map"]);
  const boxes: Box[] = [];
  for (const [index, annotation] of annotations.entries()) {
    const box = boxOf(`${name}/${String(index)}`, annotation, classes);
    if (box === null) return null;
    boxes.push(box);
  }
  return { boxes, size };
}

function boxOf(id: string, annotation: Json, classes: { readonly [key: string]: Json }): Box | null {
  if (!isObject(annotation)) return null;
  const { left, top, width, height, class_id: classId } = annotation;
  if (typeof classId !== "number" && typeof classId !== "string") return null;
  const label = Object.hasOwn(classes, String(classId)) ? classes[String(classId)] : undefined;
  if (![left, top, width, height].every((each) => typeof each === "number") || typeof label !== "string") return null;
  return { id, label, left: left as number, top: top as number, width: width as number, height: height as number };
}

function sizeOf(value: Json | undefined): ImageSize | null {
  const first = isArray(value) ? value[0] : undefined;
  if (!isObject(first)) return null;
  const { width, height } = first;
  if (typeof width !== "number" || typeof height !== "number" || width <= 0 || height <= 0) return null;
  return { width, height };
}

function errorsOf(members: Members): EntryError[] {
  const byName = new Map(members);
  const errors = errorItems(byName.get("cl-errors"), null, null);
  for (const [name, value] of members) {
    if (ADDED.has(name) || !isObject(value)) continue;
    const attribute = name.endsWith(METADATA) ? name.slice(0, -METADATA.length) : name;
    errors.push(...errorItems(value["cl-errors"], attribute, null));
    const annotations = value["annotations"];
    if (!isArray(annotations)) continue;
    for (const [index, annotation] of annotations.entries()) {
      errors.push(...errorItems(objectOf(annotation)["cl-errors"], attribute, index));
    }
  }
  return errors;
}

function errorItems(value: Json | undefined, attribute: string | null, annotation: number | null): EntryError[] {
  if (!isArray(value)) return [];
  return value.flatMap((item) => {
    const { code, message } = objectOf(item);
    if (typeof code !== "string") return [];
    return [{ code, message: typeof message === "string" ? message : "", attribute, annotation }];
  });
}

/** An attribute or metadata without the arrays that the service put into it and into its annotations. */
function withoutAdded(value: Json): Json {
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !ADDED.has(name))
      .map(([name, member]) => [name, name === "annotations" && isArray(member) ? member.map(withoutAdded) : member]),
  );
}

function parsed(line: string): Json {
  try {
    return JSON.parse(line) as Json;
  } catch {
    return null;
  }
}

function membersOf(value: Json): Members {
  return isObject(value) ? Object.entries(value) : [];
}

function objectOf(value: Json | undefined): { readonly [key: string]: Json } {
  return isObject(value) ? value : {};
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
