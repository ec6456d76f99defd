import { useCallback, useState } from "react";
import type { DraftStore } from "../io/draftStore";
import { useDraft } from "../io/draftStore";
import type { Annotations, Box, Rectangle } from "../model/annotations";
import { newBoxId } from "../model/annotations";
import { fitted, inFrame, isAllowedImage, MAXIMUM_BOXES, moved, resized } from "../model/geometry";
import type { StepName } from "../model/history";
import type { EditorImage } from "./useImage";

/** Why no box can be drawn. */
export type DrawProblem = "tooMany" | "noLabel" | "imageSize";

/** The boxes of one image with all that can be done to them; every change is a step that can be undone. */
export function useBoxes(image: EditorImage, draft: DraftStore, label: string | null) {
  const sourceRef = image.entry.source_ref;
  const changed = useDraft(draft, (current) => current.changed.get(sourceRef));
  const annotations = changed ? inFrame(changed, image.size) : image.saved;
  const [chosen, select] = useState<string | null>(null);
  const { boxes } = annotations;
  const selected = boxes.some((box) => box.id === chosen) ? chosen : null;
  const { size, saved } = image;

  const edit = useCallback(
    (name: StepName, change: (boxes: readonly Box[]) => readonly Box[], mergeKey: string | null = null) =>
      draft.edit(
        name,
        [{ sourceRef, annotations: saved }],
        (before: Annotations) => {
          const framed = inFrame(before, size);
          return { ...framed, boxes: change(framed.boxes) };
        },
        mergeKey,
      ),
    [draft, sourceRef, saved, size],
  );
  const replace = (name: StepName, id: string, change: (box: Box) => Partial<Box>, mergeKey: string | null = null) =>
    edit(name, (all) => all.map((box) => (box.id === id ? { ...box, ...change(box) } : box)), mergeKey);

  const problem: DrawProblem | null = !isAllowedImage(size)
    ? "imageSize"
    : boxes.length >= MAXIMUM_BOXES
      ? "tooMany"
      : label === null
        ? "noLabel"
        : null;

  const add = (box: Rectangle, name: StepName = "drawBox") => {
    if (problem !== null || label === null) return;
    const id = newBoxId();
    edit(name, (all) => [...all, { ...fitted(box, size), label, id }]);
    select(id);
  };
  const remove = (id: string) => {
    const index = boxes.findIndex((box) => box.id === id);
    edit("deleteBox", (all) => all.filter((box) => box.id !== id));
    // The keyboard goes on with a neighbour.
    select((boxes[index + 1] ?? boxes[index - 1])?.id ?? null);
  };
  return {
    annotations,
    boxes,
    selected,
    problem,
    select: (id: string | null) => {
      draft.settle();
      select(id);
    },
    add,
    remove,
    set: (id: string, box: Rectangle, name: StepName, mergeKey: string | null = null) =>
      replace(name, id, () => ({ left: box.left, top: box.top, width: box.width, height: box.height }), mergeKey),
    relabel: (id: string, to: string) => replace("relabelBox", id, () => ({ label: to })),
    nudge: (id: string, across: number, down: number) =>
      replace("moveBox", id, (box) => moved(box, across, down, size), `move ${id}`),
    stretch: (id: string, across: number, down: number) =>
      replace("resizeBox", id, (box) => resized(box, "se", across, down, size), `stretch ${id}`),
    selectNext: (step: 1 | -1) => {
      if (boxes.length === 0) return;
      const index = boxes.findIndex((box) => box.id === selected);
      const next = index < 0 ? (step > 0 ? 0 : boxes.length - 1) : (index + step + boxes.length) % boxes.length;
      select(boxes[next]?.id ?? null);
    },
  };
}
