/**
 * Work on a dataset that is not saved yet: every change of every image, with undo and redo until it is saved.
 *
 * A draft holds nothing but plain data, so that it can be stored and read again after the window was closed.
 */

import type { Annotations } from "./annotations";
import { sameAnnotations } from "./annotations";

export interface Change {
  readonly sourceRef: string;
  readonly before: Annotations;
  readonly after: Annotations;
}

export type StepName =
  | "assignLabel"
  | "removeLabel"
  | "drawBox"
  | "moveBox"
  | "resizeBox"
  | "relabelBox"
  | "deleteBox"
  | "copyBoxes"
  | "acceptProposals"
  | "joinWindows";

export interface Step {
  readonly name: StepName;
  readonly changes: readonly Change[];
  /** Steps in a row with the same key are one step to undo: the key presses that move one box. */
  readonly mergeKey: string | null;
}

export interface Draft {
  readonly past: readonly Step[];
  readonly future: readonly Step[];
  /** What images say now, where that is not what is saved. */
  readonly changed: ReadonlyMap<string, Annotations>;
  /** What the images of `changed` say in the dataset. */
  readonly saved: ReadonlyMap<string, Annotations>;
}

export const EMPTY_DRAFT: Draft = { past: [], future: [], changed: new Map(), saved: new Map() };

/** The draft after a step. A step that changes nothing gives the same draft. */
export function applied(draft: Draft, step: Step): Draft {
  const changes = step.changes.filter((change) => !sameAnnotations(change.before, change.after));
  if (changes.length === 0) return draft;
  const saved = new Map(draft.saved);
  for (const { sourceRef, before } of changes) {
    if (!saved.has(sourceRef)) saved.set(sourceRef, before);
  }
  const last = draft.past.at(-1);
  const merges = last !== undefined && step.mergeKey !== null && last.mergeKey === step.mergeKey;
  const past = merges
    ? [...draft.past.slice(0, -1), { ...last, changes: merged(last.changes, changes) }]
    : [...draft.past, { ...step, changes }];
  return { past, future: [], saved, changed: withChanges(draft.changed, changes, saved, "after") };
}

export function undone(draft: Draft): Draft {
  const step = draft.past.at(-1);
  if (step === undefined) return draft;
  return {
    ...draft,
    past: draft.past.slice(0, -1),
    future: [step, ...draft.future],
    changed: withChanges(draft.changed, step.changes, draft.saved, "before"),
  };
}

export function redone(draft: Draft): Draft {
  const [step, ...future] = draft.future;
  if (step === undefined) return draft;
  return {
    ...draft,
    past: [...draft.past, step],
    future,
    changed: withChanges(draft.changed, step.changes, draft.saved, "after"),
  };
}

/**
 * One draft of the work of two windows that began with the same one: theirs, and on top of it, as one step to undo, what
 * this window changed since. `both` counts the images that both changed in different ways; undoing the step gives back
 * what the other window did to them. What this window took back or saved stays as the other window has it now.
 */
export function joined(base: Draft, mine: Draft, theirs: Draft): { draft: Draft; both: number } {
  const changes: Change[] = [];
  let both = 0;
  for (const sourceRef of new Set([...base.changed.keys(), ...mine.changed.keys()])) {
    const original = [theirs, mine, base].find(({ saved }) => saved.has(sourceRef))?.saved.get(sourceRef);
    if (original === undefined) continue;
    const saying = (draft: Draft) => draft.changed.get(sourceRef) ?? original;
    const [was, after, before] = [saying(base), saying(mine), saying(theirs)];
    if (sameAnnotations(was, after) || sameAnnotations(before, after)) continue;
    if (!sameAnnotations(was, before)) {
      if (!mine.changed.has(sourceRef)) continue;
      both += 1;
    }
    changes.push({ sourceRef, before, after });
  }
  return { draft: applied(theirs, { name: "joinWindows", changes, mergeKey: null }), both };
}

/** The draft without all that was done to some images. */
export function without(draft: Draft, sourceRefs: readonly string[]): Draft {
  const gone = new Set(sourceRefs);
  const kept = <T>(images: ReadonlyMap<string, T>) => new Map([...images].filter(([sourceRef]) => !gone.has(sourceRef)));
  const steps = (all: readonly Step[]) =>
    all
      .map((step) => ({ ...step, changes: step.changes.filter(({ sourceRef }) => !gone.has(sourceRef)) }))
      .filter(({ changes }) => changes.length > 0);
  return { past: steps(draft.past), future: steps(draft.future), changed: kept(draft.changed), saved: kept(draft.saved) };
}

/** Whether there is something to save. */
export function isDirty(draft: Draft): boolean {
  return draft.changed.size > 0;
}

/** Ends the run of steps that merge: what follows is a step of its own. */
export function settled(draft: Draft): Draft {
  const last = draft.past.at(-1);
  if (last === undefined || last.mergeKey === null) return draft;
  return { ...draft, past: [...draft.past.slice(0, -1), { ...last, mergeKey: null }] };
}

/** The draft as it is stored, and back. */
export interface StoredDraft {
  readonly past: readonly Step[];
  readonly future: readonly Step[];
  readonly saved: readonly (readonly [string, Annotations])[];
}

export function toStored(draft: Draft): StoredDraft {
  return { past: draft.past, future: draft.future, saved: [...draft.saved] };
}

export function fromStored(stored: StoredDraft): Draft {
  const saved = new Map(stored.saved);
  let changed: ReadonlyMap<string, Annotations> = new Map();
  for (const step of stored.past) changed = withChanges(changed, step.changes, saved, "after");
  return { past: stored.past, future: stored.future, saved, changed };
}

function withChanges(
  current: ReadonlyMap<string, Annotations>,
  changes: readonly Change[],
  saved: ReadonlyMap<string, Annotations>,
  side: "before" | "after",
): ReadonlyMap<string, Annotations> {
  const result = new Map(current);
  for (const change of changes) {
    const original = saved.get(change.sourceRef);
    if (original !== undefined && sameAnnotations(original, change[side])) result.delete(change.sourceRef);
    else result.set(change.sourceRef, change[side]);
  }
  return result;
}

function merged(earlier: readonly Change[], later: readonly Change[]): Change[] {
  const result = new Map(earlier.map((change) => [change.sourceRef, change]));
  for (const change of later) {
    const first = result.get(change.sourceRef);
    result.set(change.sourceRef, first === undefined ? change : { ...change, before: first.before });
  }
  return [...result.values()];
}
