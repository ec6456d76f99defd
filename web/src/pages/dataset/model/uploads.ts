/** Pictures from the reader's computer: which may be uploaded, and under which names. */

import { MAXIMUM_IMAGE_SIDE, MINIMUM_IMAGE_SIDE } from "./geometry";
import { HEADER_BYTES, readPicture } from "./imageHeader";

/** */
export const MAXIMUM_FILE_BYTES = 15 * 1024 * 1024;
/** the longer side over the shorter must be below this. */
const MAXIMUM_RATIO = 20;
const MAXIMUM_KEY_BYTES = 1024;

export interface Picked {
  readonly file: File;
  /** Path below what was dropped or chosen: "folder/a.png", or "a.png". */
  readonly path: string;
}

export type Refusal = "format" | "bytes" | "side" | "ratio" | "unreadable";

/** Why a file can't be an image of a dataset, or null. */
export async function refusalOf(file: File): Promise<Refusal | null> {
  if (file.size > MAXIMUM_FILE_BYTES) return "bytes";
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await file.slice(0, HEADER_BYTES).arrayBuffer());
  } catch {
    return "unreadable";
  }
  const picture = readPicture(bytes);
  if (picture === null) return "format";
  const short = Math.min(picture.size.width, picture.size.height);
  const long = Math.max(picture.size.width, picture.size.height);
  if (short < MINIMUM_IMAGE_SIDE || long > MAXIMUM_IMAGE_SIDE) return "side";
  return long / short >= MAXIMUM_RATIO ? "ratio" : null;
}

/** Files that systems put beside pictures; nobody means to upload them. */
export function isClutter(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return name.startsWith(".") || name === "Thumbs.db" || name === "desktop.ini" || path.startsWith("__MACOSX/");
}

/** A key below the prefix: the path without parts that leave it; cut where S3's limit of 1024 bytes asks for it. */
export function keyOf(prefix: string, path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== "." && part !== "..");
  const encoder = new TextEncoder();
  let name = parts.join("/");
  while (encoder.encode(prefix + name).length > MAXIMUM_KEY_BYTES) name = name.slice(1);
  return prefix + name;
}

/** "a.png" as "a (2).png": the name to try next where one is taken. */
export function numbered(key: string, count: number): string {
  const slash = key.lastIndexOf("/");
  const dot = key.lastIndexOf(".");
  const at = dot > slash + 1 ? dot : key.length;
  return `${key.slice(0, at)} (${String(count)})${key.slice(at)}`;
}

/** The label that folders give (D-7): the first folder below what was dropped holds the pictures of one label. */
export function folderLabel(path: string, dropped: readonly Picked[]): string | null {
  const folders = path.split("/").slice(0, -1);
  const root = commonRoot(dropped);
  const label = folders[root.length];
  return label === undefined || label === "" ? null : label;
}

/** The folders that all paths begin with: what was dropped as one folder is the location, not a label. */
function commonRoot(dropped: readonly Picked[]): string[] {
  const [first, ...rest] = dropped.map(({ path }) => path.split("/").slice(0, -1));
  if (first === undefined) return [];
  let length = first.length;
  for (const folders of rest) {
    let same = 0;
    while (same < length && folders[same] === first[same]) same += 1;
    length = same;
  }
  // One folder with nothing but pictures in it is a label itself.
  return first.slice(0, length === first.length && rest.every((each) => each.length === length) ? length - 1 : length);
}
