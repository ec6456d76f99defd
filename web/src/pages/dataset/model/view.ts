/** How an image lies in the editor's window: zoom and pan. */

import type { ImageSize } from "./annotations";
import { clamp, type Point } from "./geometry";

export interface View {
  /** Pixels of the screen for one of the image. */
  readonly scale: number;
  /** Where the image's top left corner lies in the window. */
  readonly x: number;
  readonly y: number;
}

const MARGIN = 16;
const MAXIMUM_SCALE = 16;
/** How much of the image stays in the window, however far it is moved. */
const KEPT = 48;

/** The whole image in the middle of the window, never enlarged beyond four pixels a pixel. */
export function fittedView(image: ImageSize, window: ImageSize): View {
  const scale = Math.min((window.width - 2 * MARGIN) / image.width, (window.height - 2 * MARGIN) / image.height, 4);
  const safe = scale > 0 ? scale : 0.01;
  return { scale: safe, x: (window.width - image.width * safe) / 2, y: (window.height - image.height * safe) / 2 };
}

/** Zoomed by a factor, with the point of the window where it was. */
export function zoomed(view: View, factor: number, at: Point, image: ImageSize, window: ImageSize): View {
  const least = Math.min(fittedView(image, window).scale, 1) / 2;
  const scale = clamp(view.scale * factor, least, MAXIMUM_SCALE);
  const ratio = scale / view.scale;
  return kept({ scale, x: at.x - (at.x - view.x) * ratio, y: at.y - (at.y - view.y) * ratio }, image, window);
}

export function panned(view: View, across: number, down: number, image: ImageSize, window: ImageSize): View {
  return kept({ ...view, x: view.x + across, y: view.y + down }, image, window);
}

/** The point of the image under a point of the window; outside of the image too. */
export function toImage(view: View, point: Point): Point {
  return { x: (point.x - view.x) / view.scale, y: (point.y - view.y) / view.scale };
}

function kept(view: View, image: ImageSize, window: ImageSize): View {
  return {
    ...view,
    x: clamp(view.x, KEPT - image.width * view.scale, window.width - KEPT),
    y: clamp(view.y, KEPT - image.height * view.scale, window.height - KEPT),
  };
}
