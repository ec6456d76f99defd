import { type PointerEvent, useLayoutEffect, useRef, useState } from "react";
import type { ImageSize, Rectangle } from "../model/annotations";
import { fitted, type Handle, moved, type Point, resized, spanned } from "../model/geometry";
import { panned, toImage, type View, zoomed } from "../model/view";
import type { CanvasProps } from "./canvasProps";

/** Pixels that a pointer may move and still click. */
const SLACK = 4;
const WHEEL = 1.0015;

type Gesture =
  | { readonly kind: "draw"; readonly from: Point; readonly target: string | null; readonly ghost: number | null }
  | { readonly kind: "move"; readonly id: string; readonly box: Rectangle; readonly from: Point }
  | {
      readonly kind: "resize";
      readonly id: string;
      readonly box: Rectangle;
      readonly from: Point;
      readonly handle: Handle;
    }
  | { readonly kind: "pan" };

export interface Live {
  /** The box that is changed; null while a new one is drawn. */
  readonly id: string | null;
  readonly box: Rectangle;
}

interface Active {
  readonly gesture: Gesture;
  readonly pointer: number;
  readonly start: Point;
  last: Point;
  hasMoved: boolean;
}

/** Mouse, pen and fingers on the image. What a drag does is shown at once and told when it ends. */
export function usePointer(props: CanvasProps) {
  const latest = useRef(props);
  useLayoutEffect(() => {
    latest.current = props;
  });
  const active = useRef<Active | null>(null);
  const fingers = useRef(new Map<number, Point>());
  const frame = useRef(0);
  const [live, setLive] = useState<Live | null>(null);
  const [isPanning, setPanning] = useState(false);

  const show = () => {
    frame.current = 0;
    const current = active.current;
    if (current !== null && current.hasMoved) setLive(liveOf(current, latest.current));
  };

  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    const { view, window } = latest.current;
    if (view === null || window.current === null) return;
    const point = pointOf(event, window.current);
    window.current.focus({ preventScroll: true });
    window.current.setPointerCapture(event.pointerId);
    if (event.pointerType === "touch") {
      fingers.current.set(event.pointerId, point);
      if (fingers.current.size === 2) {
        // The second finger zooms: what the first began is given up.
        active.current = null;
        setLive(null);
        return;
      }
    }
    if (active.current !== null || fingers.current.size > 1 || event.button > 1) return;
    const isPan = event.button === 1 || event.ctrlKey || event.metaKey;
    const gesture: Gesture = isPan ? { kind: "pan" } : gestureOf(event.target, toImage(view, point), latest.current);
    active.current = { gesture, pointer: event.pointerId, start: point, last: point, hasMoved: false };
    setPanning(isPan);
  };

  const onPointerMove = (event: PointerEvent<HTMLDivElement>) => {
    const { window, onView, size } = latest.current;
    if (window.current === null) return;
    const point = pointOf(event, window.current);
    const before = fingers.current.get(event.pointerId);
    if (before !== undefined && fingers.current.size === 2) {
      const [other] = [...fingers.current].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
      fingers.current.set(event.pointerId, point);
      if (other) onView((view, bounds) => pinched(view, before, point, other, size, bounds));
      return;
    }
    const current = active.current;
    if (current === null || current.pointer !== event.pointerId) return;
    if (!current.hasMoved && Math.hypot(point.x - current.start.x, point.y - current.start.y) <= SLACK) return;
    current.hasMoved = true;
    if (current.gesture.kind === "pan") {
      const [across, down] = [point.x - current.last.x, point.y - current.last.y];
      onView((view, bounds) => panned(view, across, down, size, bounds));
    }
    current.last = point;
    // One drawing a frame, however often the pointer reports.
    if (frame.current === 0) frame.current = requestAnimationFrame(show);
  };

  const onPointerUp = (event: PointerEvent<HTMLDivElement>) => {
    fingers.current.delete(event.pointerId);
    const current = active.current;
    if (current === null || current.pointer !== event.pointerId) return;
    active.current = null;
    setLive(null);
    setPanning(false);
    finish(current, latest.current);
  };

  const onPointerCancel = (event: PointerEvent<HTMLDivElement>) => {
    fingers.current.delete(event.pointerId);
    active.current = null;
    setLive(null);
    setPanning(false);
  };

  const onWheelView = (event: WheelEvent, view: View, bounds: ImageSize): View => {
    const element = latest.current.window.current;
    if (element === null) return view;
    if (event.shiftKey) return panned(view, -event.deltaX - event.deltaY, 0, latest.current.size, bounds);
    const at = pointOf(event, element);
    return zoomed(view, WHEEL ** -event.deltaY, at, latest.current.size, bounds);
  };

  return { live, handlers: { onPointerDown, onPointerMove, onPointerUp, onPointerCancel, onWheelView, isPanning } };
}

function gestureOf(target: EventTarget, from: Point, { boxes, selected }: CanvasProps): Gesture {
  const element = target instanceof Element ? target : null;
  const handle = element?.closest<SVGElement>("[data-handle]")?.dataset["handle"];
  const chosen = boxes.find((box) => box.id === selected);
  if (handle !== undefined && chosen)
    return { kind: "resize", id: chosen.id, box: chosen, from, handle: handle as Handle };
  const id = element?.closest<SVGElement>("[data-box]")?.dataset["box"] ?? null;
  // A drag on the chosen box moves it; on any other it draws, since boxes lie within boxes.
  if (chosen && id === chosen.id) return { kind: "move", id, box: chosen, from };
  const ghost = element?.closest<SVGElement>("[data-ghost]")?.dataset["ghost"];
  return { kind: "draw", from, target: id, ghost: ghost === undefined ? null : Number(ghost) };
}

function liveOf({ gesture, last }: Active, { view, size, canDraw }: CanvasProps): Live | null {
  if (view === null) return null;
  const to = toImage(view, last);
  switch (gesture.kind) {
    case "draw":
      return canDraw ? { id: null, box: spanned(gesture.from, to, size) } : null;
    case "move":
      return { id: gesture.id, box: moved(gesture.box, to.x - gesture.from.x, to.y - gesture.from.y, size) };
    case "resize":
      return {
        id: gesture.id,
        box: resized(gesture.box, gesture.handle, to.x - gesture.from.x, to.y - gesture.from.y, size),
      };
    case "pan":
      return null;
  }
}

function finish(current: Active, props: CanvasProps): void {
  const { gesture, hasMoved } = current;
  if (!hasMoved) {
    if (gesture.kind !== "draw") return;
    const ghost = gesture.ghost === null ? undefined : props.ghosts[gesture.ghost];
    if (ghost && gesture.target === null) props.onGhost(fitted(ghost, props.size));
    else props.onSelect(gesture.target);
    return;
  }
  if (gesture.kind === "draw" && !props.canDraw) props.onRefused();
  const result = liveOf(current, props);
  if (result === null) return;
  if (result.id === null) props.onDraw(result.box);
  else props.onChange(result.id, result.box, gesture.kind === "move" ? "moveBox" : "resizeBox");
}

function pinched(view: View, before: Point, now: Point, other: Point, image: ImageSize, bounds: ImageSize): View {
  const spread =
    Math.hypot(now.x - other.x, now.y - other.y) / Math.max(1, Math.hypot(before.x - other.x, before.y - other.y));
  const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
  const carried = panned(view, (now.x - before.x) / 2, (now.y - before.y) / 2, image, bounds);
  return zoomed(carried, spread, middle, image, bounds);
}

function pointOf(event: { clientX: number; clientY: number }, element: HTMLElement): Point {
  const bounds = element.getBoundingClientRect();
  return { x: event.clientX - bounds.left - element.clientLeft, y: event.clientY - bounds.top - element.clientTop };
}
