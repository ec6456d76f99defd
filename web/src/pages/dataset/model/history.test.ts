import { describe, expect, it } from "vitest";
import type { Annotations } from "./annotations";
import { NO_ANNOTATIONS, withLabel, withoutLabel } from "./annotations";
import type { Draft, Step } from "./history";
import { applied, EMPTY_DRAFT, fromStored, isDirty, joined, redone, settled, toStored, undone, without } from "./history";

const step = (sourceRef: string, before: Annotations, after: Annotations, mergeKey: string | null = null): Step => ({
  name: "assignLabel",
  changes: [{ sourceRef, before, after }],
  mergeKey,
});

const CAT = withLabel(NO_ANNOTATIONS, "cat");
const BOTH = withLabel(CAT, "dog");
const state = (draft: Draft): [string, readonly string[]][] =>
  [...draft.changed].map(([sourceRef, annotations]) => [sourceRef, annotations.labels]);

describe("a draft", () => {
  it("undoes and redoes step by step", () => {
    const one = applied(EMPTY_DRAFT, step("a", NO_ANNOTATIONS, CAT));
    const two = applied(one, step("a", CAT, BOTH));
    expect(state(two)).toEqual([["a", ["cat", "dog"]]]);
    expect(state(undone(two))).toEqual([["a", ["cat"]]]);
    expect(isDirty(undone(undone(two)))).toBe(false);
    expect(undone(undone(undone(two)))).toEqual(undone(undone(two)));
    expect(state(redone(redone(undone(undone(two)))))).toEqual(state(two));
  });

  it("forgets what was undone when something new is done", () => {
    const draft = applied(undone(applied(EMPTY_DRAFT, step("a", NO_ANNOTATIONS, CAT))), step("b", NO_ANNOTATIONS, CAT));
    expect(redone(draft)).toBe(draft);
    expect(state(draft)).toEqual([["b", ["cat"]]]);
  });

  it("has nothing to save where the last change takes the first one back", () => {
    const there = applied(EMPTY_DRAFT, step("a", NO_ANNOTATIONS, CAT));
    const back = applied(there, step("a", CAT, withoutLabel(CAT, "cat")));
    expect(isDirty(back)).toBe(false);
    expect(isDirty(undone(back))).toBe(true);
  });

  it("takes a run of steps with one key back at once", () => {
    const first = applied(EMPTY_DRAFT, step("a", NO_ANNOTATIONS, CAT, "run"));
    const second = applied(first, step("a", CAT, BOTH, "run"));
    expect(second.past).toHaveLength(1);
    expect(isDirty(undone(second))).toBe(false);
    const apart = applied(settled(first), step("a", CAT, BOTH, "run"));
    expect(state(undone(apart))).toEqual([["a", ["cat"]]]);
  });

  it("does not change by a step that changes nothing", () => {
    expect(applied(EMPTY_DRAFT, step("a", CAT, { labels: ["cat"], boxes: [], frame: null }))).toBe(EMPTY_DRAFT);
  });

  it("is what it was after it was stored, undo and redo included", () => {
    let draft = applied(EMPTY_DRAFT, step("a", NO_ANNOTATIONS, CAT));
    draft = applied(draft, step("b", CAT, BOTH));
    draft = undone(draft);
    const again = fromStored(JSON.parse(JSON.stringify(toStored(draft))) as ReturnType<typeof toStored>);
    expect(again).toEqual(draft);
    expect(state(redone(again))).toEqual(state(redone(draft)));
  });
});

describe("the drafts of two windows", () => {
  const base = applied(EMPTY_DRAFT, step("shared", NO_ANNOTATIONS, CAT));

  it("are one draft of all that was done in either", () => {
    const mine = applied(base, step("a", NO_ANNOTATIONS, CAT));
    const theirs = applied(base, step("b", NO_ANNOTATIONS, CAT));
    const { draft, both } = joined(base, mine, theirs);
    expect(both).toBe(0);
    expect([...draft.changed.keys()].sort()).toEqual(["a", "b", "shared"]);
    expect(draft.changed).toEqual(fromStored(toStored(draft)).changed);
  });

  it("have this window's change on top where both changed an image, and undo gives the other back", () => {
    const mine = applied(base, step("shared", CAT, BOTH));
    const theirs = applied(base, step("shared", CAT, withLabel(CAT, "bird")));
    const { draft, both } = joined(base, mine, theirs);
    expect(both).toBe(1);
    expect(state(draft)).toEqual([["shared", ["cat", "dog"]]]);
    expect(state(undone(draft))).toEqual([["shared", ["cat", "bird"]]]);
  });

  it("keep what the other did while this one saved or threw away", () => {
    const theirs = applied(base, step("b", NO_ANNOTATIONS, CAT));
    expect(state(joined(base, EMPTY_DRAFT, theirs).draft)).toEqual([["b", ["cat"]]]);
    const changedFurther = applied(base, step("shared", CAT, BOTH));
    expect(joined(base, EMPTY_DRAFT, changedFurther)).toEqual({ draft: changedFurther, both: 0 });
  });
});

it("leaves images out with every step that was about them alone", () => {
  const draft = undone(applied(applied(EMPTY_DRAFT, step("a", NO_ANNOTATIONS, CAT)), step("b", NO_ANNOTATIONS, CAT)));
  const rest = without(draft, ["a"]);
  expect([rest.past.length, rest.future.length, isDirty(rest)]).toEqual([0, 1, false]);
  expect(state(redone(rest))).toEqual([["b", ["cat"]]]);
});
