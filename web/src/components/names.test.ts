import { expect, test } from "vitest";
import { isProjectName, nameWarning, versionName } from "./names";

test("the API's rule decides, AWS's console only warns", () => {
  expect(["rooms_19", "a.b-c", "x".repeat(255)].map(isProjectName)).toEqual([true, true, true]);
  expect(["", "my project", "ä", "x".repeat(256)].map(isProjectName)).toEqual([false, false, false, false]);
  expect(["rooms19", "rooms_19", "x".repeat(64)].map(nameWarning)).toEqual([false, true, true]);
});

test("a version is called after its project and the moment, and never too long", () => {
  const moment = new Date(2021, 6, 13, 10, 36, 30);
  expect(versionName("rooms_19", moment)).toBe("rooms_19.2021-07-13T10.36.30");
  expect(versionName("x".repeat(255), moment)).toHaveLength(255);
});
