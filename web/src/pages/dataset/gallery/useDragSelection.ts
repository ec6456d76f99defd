import { type CSSProperties, type PointerEvent, type RefObject, useEffect, useRef, useState } from "react";
import { coveredRanges, dragged, extended, type Selection, toggled } from "../model/selection";
import { ROW_HEIGHT } from "./layout";
import type { ChoiceStore } from "./selectionStore";

interface Options {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly choice: ChoiceStore;
  readonly columns: number;
  readonly total: number;
  readonly isEnabled: boolean;
}

interface Drag {
  readonly x: number;
  readonly y: number;
  readonly before: Selection;
  readonly pointer: number;
  hasMoved: boolean;
  lastX: number;
  lastY: number;
}

/** Pixels that a pointer may move and still click. */
const SLACK = 5;
const EDGE = 40;
const EDGE_STEP = 14;

/** Clicks and dragged frames in the gallery: a click toggles, Shift extends, a frame adds what it covers. */
export function useDragSelection({ scroller, choice, columns, total, isEnabled }: Options) {
  const drag = useRef<Drag | null>(null);
  const [frame, setFrame] = useState<CSSProperties | null>(null);

  const update = () => {
    const element = scroller.current;
    const current = drag.current;
    if (element === null || current === null) return;
    const { x, y } = placeIn(element, current.lastX, current.lastY);
    const [left, right] = [Math.min(x, current.x), Math.max(x, current.x)];
    const [top, bottom] = [Math.min(y, current.y), Math.max(y, current.y)];
    setFrame({ left, top, width: right - left, height: bottom - top });
    const width = element.clientWidth / columns;
    const covered = coveredRanges(
      [Math.floor(top / ROW_HEIGHT), Math.floor(bottom / ROW_HEIGHT)],
      [Math.floor(left / width), Math.floor(right / width)],
      columns,
      total,
    );
    choice.set({ ...choice.get(), selection: dragged(current.before, covered) });
  };

  // Near an edge the gallery scrolls under the pointer.
  useEffect(() => {
    if (frame === null) return;
    const timer = setInterval(() => {
      const element = scroller.current;
      const current = drag.current;
      if (element === null || current === null) return;
      const { top, bottom } = element.getBoundingClientRect();
      const step = current.lastY < top + EDGE ? -EDGE_STEP : current.lastY > bottom - EDGE ? EDGE_STEP : 0;
      if (step === 0) return;
      element.scrollTop += step;
      update();
    }, 16);
    return () => clearInterval(timer);
  });

  const finish = () => {
    drag.current = null;
    setFrame(null);
  };

  return {
    frame,
    positionOf,
    isControl,
    handlers: {
      onPointerDown: (event: PointerEvent<HTMLDivElement>) => {
        const element = scroller.current;
        if (element === null || event.button !== 0 || isControl(event.target)) return;
        // Touch scrolls; a tap comes as a click of the pointer that has not moved.
        const { x, y } = placeIn(element, event.clientX, event.clientY);
        const { clientX: lastX, clientY: lastY, pointerId: pointer } = event;
        drag.current = { x, y, before: choice.get().selection, pointer, hasMoved: false, lastX, lastY };
      },
      onPointerMove: (event: PointerEvent<HTMLDivElement>) => {
        const current = drag.current;
        if (current === null || event.pointerId !== current.pointer || event.pointerType === "touch") return;
        const far = Math.hypot(event.clientX - current.lastX, event.clientY - current.lastY) > SLACK;
        if (!current.hasMoved && (!far || !isEnabled)) return;
        if (!current.hasMoved) scroller.current?.setPointerCapture(event.pointerId);
        current.hasMoved = true;
        current.lastX = event.clientX;
        current.lastY = event.clientY;
        update();
      },
      onPointerUp: (event: PointerEvent<HTMLDivElement>) => {
        const current = drag.current;
        finish();
        if (current === null || current.hasMoved) return;
        const position = positionOf(event.target);
        if (position === null) return;
        const { selection } = choice.get();
        const chosen = event.shiftKey ? extended(selection, position) : toggled(selection, position);
        choice.set({ active: position, selection: isEnabled ? chosen : selection });
      },
      onPointerCancel: finish,
    },
  };
}

/** The position of the image that an element of the gallery belongs to. */
function positionOf(target: EventTarget): number | null {
  const cell = target instanceof Element ? target.closest<HTMLElement>("[data-position]") : null;
  return cell === null ? null : Number(cell.dataset["position"]);
}

function isControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest("button, a") !== null;
}

function placeIn(element: HTMLElement, x: number, y: number): { x: number; y: number } {
  const bounds = element.getBoundingClientRect();
  return { x: x - bounds.left - element.clientLeft, y: y - bounds.top - element.clientTop + element.scrollTop };
}
