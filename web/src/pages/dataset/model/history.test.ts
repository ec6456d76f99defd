import { describe, expect, it } from "vitest";
import type { Annotations } from "./annotations";
import { NO_ANNOTATIONS, withLabel, withoutLabel } from "./annotations";
import type { Draft, Step } from "./history";
import { applied, EMPTY_DRAFT, fromStored, isDirty, redone, settled, toStored, undone } from "./history";

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
