import { expect, test } from "vitest";
import { differenceOf } from "./tags";

test("only what changed is sent", () => {
  const before = { stage: "test", owner: "me", old: "x" };
  expect(differenceOf({ before, after: { stage: "live", owner: "me", added: "" } })).toEqual({
    set: { stage: "live", added: "" },
    remove: ["old"],
  });
  expect(differenceOf({ before, after: before })).toEqual({ set: {}, remove: [] });
});
