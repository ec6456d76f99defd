/** Boxes against the frame of their image: the rules J-11, J-12, J-16 and J-17, and moves that keep to them. */

import type { Annotations, Box, ImageSize, Rectangle } from "./annotations";

/** J-17, Q-11. */
export const MAXIMUM_BOXES = 50;
/** Q-12, J-11: pixels. */
export const MINIMUM_IMAGE_SIDE = 64;
export const MAXIMUM_IMAGE_SIDE = 4096;
/** Images with a longer side are reduced to it before a training (T-7). */
export const TRAINING_IMAGE_SIDE = 1280;
/** J-16: a box must be wider and higher than this, also after the reduction. */
const MINIMUM_BOX_SIDE = 1;

export type BoxRule = "J-12" | "J-16";

export type Handle = "nw" | "n" | "ne" | "e" | "se" | "s" | "sw" | "w";
export const HANDLES: readonly Handle[] = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];

/** The shortest side in whole pixels that a box of this image may have (J-16): 2 up to 1280 px, 4 at 4096 px. */
export function minimumSide(size: ImageSize): number {
  const scale = Math.min(1, TRAINING_IMAGE_SIDE / Math.max(size.width, size.height, 1));
  return Math.floor(MINIMUM_BOX_SIDE / scale) + 1;
}

/** The rule that a box breaks, or null. The order of the checks is that of the service. */
export function boxProblem(box: Rectangle, size: ImageSize): BoxRule | null {
  if (Math.min(box.left, box.top, box.width, box.height) < 0) return "J-12";
  if (box.left + box.width > size.width + 1e-6 || box.top + box.height > size.height + 1e-6) return "J-12";
  const scale = Math.min(1, TRAINING_IMAGE_SIDE / Math.max(size.width, size.height, 1));
  return box.width * scale <= MINIMUM_BOX_SIDE || box.height * scale <= MINIMUM_BOX_SIDE ? "J-16" : null;
}

/** J-11: whether an image of this size can have boxes at all. */
export function isAllowedImage(size: ImageSize): boolean {
  return [size.width, size.height].every((side) => side >= MINIMUM_IMAGE_SIDE && side <= MAXIMUM_IMAGE_SIDE);
}

/** The nearest allowed box of whole pixels: large enough, then inside. */
export function fitted(box: Rectangle, size: ImageSize): Rectangle {
  const least = minimumSide(size);
  const width = clamp(Math.round(box.width), least, size.width);
  const height = clamp(Math.round(box.height), least, size.height);
  return {
    left: clamp(Math.round(box.left), 0, size.width - width),
    top: clamp(Math.round(box.top), 0, size.height - height),
    width,
    height,
  };
}

/** The box moved as far as the frame allows; its size stays. */
export function moved(box: Rectangle, across: number, down: number, size: ImageSize): Rectangle {
  return fitted({ ...box, left: box.left + across, top: box.top + down }, size);
}

/** The box with one handle moved. An edge stops at the frame and at the smallest size; it never passes its opposite. */
export function resized(box: Rectangle, handle: Handle, across: number, down: number, size: ImageSize): Rectangle {
  const start = fitted(box, size);
  const least = minimumSide(size);
  let { left, top } = start;
  let right = left + start.width;
  let bottom = top + start.height;
  if (handle.includes("w")) left = clamp(Math.round(left + across), 0, right - least);
  if (handle.includes("e")) right = clamp(Math.round(right + across), left + least, size.width);
  if (handle.startsWith("n")) top = clamp(Math.round(top + down), 0, bottom - least);
  if (handle.startsWith("s")) bottom = clamp(Math.round(bottom + down), top + least, size.height);
  return { left, top, width: right - left, height: bottom - top };
}

/** The box between two corners in any order, cut to the frame. */
export function spanned(from: Point, to: Point, size: ImageSize): Rectangle {
  const [left, right] = ordered(clamp(from.x, 0, size.width), clamp(to.x, 0, size.width));
  const [top, bottom] = ordered(clamp(from.y, 0, size.height), clamp(to.y, 0, size.height));
  return fitted({ left, top, width: right - left, height: bottom - top }, size);
}

/** A box of a quarter of the image in its middle: what the keyboard starts from. */
export function centred(size: ImageSize): Rectangle {
  const width = size.width / 4;
  const height = size.height / 4;
  return fitted({ left: (size.width - width) / 2, top: (size.height - height) / 2, width, height }, size);
}

/** Boxes in the frame of another image size. */
export function scaledBoxes(boxes: readonly Box[], from: ImageSize, to: ImageSize): Box[] {
  if (from.width === to.width && from.height === to.height) return [...boxes];
  const across = to.width / from.width;
  const down = to.height / from.height;
  return boxes.map((box) => ({
    ...box,
    left: box.left * across,
    top: box.top * down,
    width: box.width * across,
    height: box.height * down,
  }));
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}

function ordered(one: number, other: number): [number, number] {
  return one <= other ? [one, other] : [other, one];
}

/** Boxes in the frame of the picture: a line may have been written for a picture of another size. */
export function inFrame(annotations: Annotations, size: ImageSize): Annotations {
  const { frame, boxes } = annotations;
  if (frame === null || (frame.width === size.width && frame.height === size.height))
    return { ...annotations, frame: size };
  return { ...annotations, boxes: scaledBoxes(boxes, frame, size), frame: size };
}
