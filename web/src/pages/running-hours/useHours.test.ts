import { expect, test } from "vitest";
import { stepsOf } from "./useHours";

const hour = (n: number) => new Date(Date.UTC(2026, 0, 1, n));

test("every hour is level, and one in which the model did not run is at zero", () => {
  const steps = stepsOf({ from: hour(0), to: hour(3), points: [{ x: hour(1), y: 2 }] });
  expect(steps.map((point) => point.y)).toEqual([0, 0, 2, 2, 0, 0]);
  expect(steps[2]?.x).toEqual(hour(1));
  expect(steps.map((point) => point.x.getTime())).toEqual(steps.map((point) => point.x.getTime()).sort((a, b) => a - b));
});
