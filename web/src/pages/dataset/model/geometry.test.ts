import { describe, expect, it } from "vitest";
import { boxProblem, centred, fitted, HANDLES, isAllowedImage, minimumSide, moved, resized, spanned } from "./geometry";

const SIZE = { width: 640, height: 480 };
const BOX = { left: 100, top: 100, width: 50, height: 40 };

/** Numbers that repeat from run to run, so that a failure can be looked at. */
function* numbers(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    yield state / 2_147_483_648;
  }
}

describe("the smallest box (J-16)", () => {
  it.each([
    [64, 2],
    [1280, 2],
    [1281, 2],
    [2560, 3],
    [4096, 4],
  ])("has sides of more than one pixel after the reduction of a picture of %i px: %i", (width, least) => {
    const size = { width, height: 64 };
    expect(minimumSide(size)).toBe(least);
    expect(boxProblem({ left: 0, top: 0, width: least, height: least }, size)).toBeNull();
    expect(boxProblem({ left: 0, top: 0, width: least - 1, height: least }, size)).toBe("J-16");
  });
});

it("says which boxes are off their frame (J-12)", () => {
  expect(boxProblem({ ...BOX, left: -1 }, SIZE)).toBe("J-12");
  expect(boxProblem({ ...BOX, width: 541 }, SIZE)).toBe("J-12");
  expect(boxProblem({ ...BOX, width: 540 }, SIZE)).toBeNull();
});

it("says which images can have boxes (J-11)", () => {
  expect(isAllowedImage({ width: 64, height: 4096 })).toBe(true);
  expect(isAllowedImage({ width: 63, height: 100 })).toBe(false);
  expect(isAllowedImage({ width: 100, height: 4097 })).toBe(false);
});

it("moves a box up to the frame and keeps its size", () => {
  expect(moved(BOX, -500, 3, SIZE)).toEqual({ left: 0, top: 103, width: 50, height: 40 });
  expect(moved(BOX, 5000, 5000, SIZE)).toEqual({ left: 590, top: 440, width: 50, height: 40 });
});

it("resizes by one edge, never past the opposite one", () => {
  expect(resized(BOX, "e", 10, 99, SIZE)).toEqual({ ...BOX, width: 60 });
  expect(resized(BOX, "nw", 500, 500, SIZE)).toEqual({ left: 148, top: 138, width: 2, height: 2 });
  expect(resized(BOX, "s", 0, 5000, SIZE)).toEqual({ ...BOX, height: 380 });
});

it("spans a box between two corners in any order", () => {
  const box = { left: 10, top: 20, width: 30, height: 40 };
  expect(spanned({ x: 10, y: 20 }, { x: 40, y: 60 }, SIZE)).toEqual(box);
  expect(spanned({ x: 40, y: 60 }, { x: 10, y: 20 }, SIZE)).toEqual(box);
  expect(spanned({ x: -50, y: -50 }, { x: 9000, y: 9000 }, SIZE)).toEqual({ left: 0, top: 0, ...SIZE });
});

it("breaks no rule, whatever is drawn, moved or resized", () => {
  const random = numbers(7);
  const next = (from: number, to: number): number => from + random.next().value * (to - from);
  for (let round = 0; round < 3000; round++) {
    const size = { width: Math.round(next(64, 4096)), height: Math.round(next(64, 4096)) };
    const point = (): { x: number; y: number } => ({ x: next(-9999, 9999), y: next(-9999, 9999) });
    let box = spanned(point(), point(), size);
    expect(boxProblem(box, size)).toBeNull();
    const handle = HANDLES[round % HANDLES.length] ?? "nw";
    box = resized(box, handle, next(-5000, 5000), next(-5000, 5000), size);
    expect(boxProblem(box, size)).toBeNull();
    box = moved(box, next(-5000, 5000), next(-5000, 5000), size);
    expect(boxProblem(box, size)).toBeNull();
    expect(fitted(box, size)).toEqual(box);
    expect(boxProblem(centred(size), size)).toBeNull();
  }
});
