import { expect, it } from "vitest";
import { fittedView, panned, toImage, zoomed } from "./view";

const IMAGE = { width: 4000, height: 1000 };
const WINDOW = { width: 832, height: 632 };

it("fits the whole image into the middle of the window", () => {
  const view = fittedView(IMAGE, WINDOW);
  expect(view).toEqual({ scale: 0.2, x: 16, y: 216 });
  expect(toImage(view, { x: 416, y: 316 })).toEqual({ x: 2000, y: 500 });
  expect(fittedView({ width: 64, height: 64 }, WINDOW).scale).toBe(4);
});

it("zooms about a point that stays where it is", () => {
  const at = { x: 100, y: 300 };
  const before = fittedView(IMAGE, WINDOW);
  const after = zoomed(before, 3, at, IMAGE, WINDOW);
  expect(after.scale).toBeCloseTo(0.6);
  expect(toImage(after, at).x).toBeCloseTo(toImage(before, at).x);
  expect(toImage(after, at).y).toBeCloseTo(toImage(before, at).y);
});

it("keeps some of the image in the window and zoom in bounds", () => {
  const far = panned(fittedView(IMAGE, WINDOW), 1e6, -1e6, IMAGE, WINDOW);
  expect(far.x).toBe(WINDOW.width - 48);
  expect(far.y).toBe(48 - IMAGE.height * far.scale);
  const at = { x: 0, y: 0 };
  expect(zoomed(far, 1e9, at, IMAGE, WINDOW).scale).toBe(16);
  expect(zoomed(far, 1e-9, at, IMAGE, WINDOW).scale).toBe(0.1);
});
