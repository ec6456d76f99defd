/** What a person says about one image: image-level labels and boxes. Values are never changed in place. */

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** Pixels of the image as it is shown (EXIF orientation applied), origin at the top left. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface Box extends Rectangle {
  /** Known to the editor alone; never written to a manifest. */
  readonly id: string;
  readonly label: string;
}

export interface Annotations {
  readonly labels: readonly string[];
  readonly boxes: readonly Box[];
  /** The size in pixels of the image that the boxes are measured in; null where it is not known and there are none. */
  readonly frame: ImageSize | null;
}

export const NO_ANNOTATIONS: Annotations = { labels: [], boxes: [], frame: null };

/** Whether both say the same of an image: order of labels and ids of boxes do not count. */
export function sameAnnotations(one: Annotations, other: Annotations): boolean {
  if (one === other) return true;
  return sameLabels(one.labels, other.labels) && sameBoxes(one, other);
}

export function sameBoxes(one: Annotations, other: Annotations): boolean {
  if (one.boxes.length !== other.boxes.length) return false;
  if (one.boxes.length > 0 && !sameSize(one.frame, other.frame)) return false;
  return one.boxes.every((box, index) => sameBox(box, other.boxes[index]));
}

function sameSize(one: ImageSize | null, other: ImageSize | null): boolean {
  return one?.width === other?.width && one?.height === other?.height;
}

function sameLabels(one: readonly string[], other: readonly string[]): boolean {
  const known = new Set(one);
  return known.size === new Set(other).size && other.every((label) => known.has(label));
}

function sameBox(one: Box, other: Box | undefined): boolean {
  return (
    other !== undefined &&
    one.label === other.label &&
    one.left === other.left &&
    one.top === other.top &&
    one.width === other.width &&
    one.height === other.height
  );
}

export function withLabel(annotations: Annotations, label: string): Annotations {
  if (annotations.labels.includes(label)) return annotations;
  return { ...annotations, labels: [...annotations.labels, label] };
}

export function withoutLabel(annotations: Annotations, label: string): Annotations {
  if (!annotations.labels.includes(label)) return annotations;
  return { ...annotations, labels: annotations.labels.filter((each) => each !== label) };
}

/** All labels of the image, those of boxes included, each once. */
export function labelsOf(annotations: Annotations): string[] {
  return [...new Set([...annotations.labels, ...annotations.boxes.map((box) => box.label)])];
}

let made = 0;

/** An id that no other box of this browser has: boxes of several tabs meet in one stored draft. */
export function newBoxId(): string {
  made += 1;
  return `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}-${String(made)}`;
}
