import { type RefObject, useEffect, useLayoutEffect, useRef } from "react";
import { useTexts } from "../../../texts";
import { usePreview } from "../io/queries";
import { colourOf } from "../gallery/labelColours";
import type { Box, ImageSize, Rectangle } from "../model/annotations";
import { boxProblem, HANDLES, type Handle, minimumSide } from "../model/geometry";
import { fittedView, type View } from "../model/view";
import type { CanvasProps } from "./canvasProps";
import { usePointer } from "./usePointer";

/** The largest picture that the emulator makes: boxes are drawn to the pixel. */
const PREVIEW = 4096;
const HANDLE = 9;
/** A finger needs more room than a pointer. */
const TOUCH = 36;

/** The image with its boxes. Pointers draw, move and resize; the wheel and two fingers zoom and pan. */
export function BoxCanvas(props: CanvasProps) {
  const { entry, size, boxes, selected, view, window, onView } = props;
  const { editor } = useTexts();
  const url = usePreview(entry, PREVIEW);
  const { live, handlers } = usePointer(props);
  useFirstView(window, size, onView);
  useWheel(window, size, onView, handlers.onWheelView);
  const shown = boxes.map((box) => (live?.id === box.id ? { ...box, ...live.box } : box));
  const chosen = shown.find((box) => box.id === selected);
  return (
    <div
      ref={window}
      className={`box-canvas${handlers.isPanning ? " is-panning" : ""}`}
      data-testid="box-canvas"
      tabIndex={0}
      role="group"
      aria-roledescription={editor.canvasRole}
      aria-label={editor.canvas(entry.name)}
      aria-describedby="box-editor-tips"
      onPointerDown={handlers.onPointerDown}
      onPointerMove={handlers.onPointerMove}
      onPointerUp={handlers.onPointerUp}
      onPointerCancel={handlers.onPointerCancel}
      onContextMenu={(event) => event.preventDefault()}
    >
      {view && (
        <>
          {url && (
            <img
              className="box-image"
              src={url}
              alt={entry.name}
              draggable={false}
              style={{
                inlineSize: size.width,
                blockSize: size.height,
                transform: `translate(${view.x}px, ${view.y}px) scale(${view.scale})`,
              }}
            />
          )}
          <svg className="box-layer" aria-hidden="true">
            <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
              <rect className="box-frame" width={size.width} height={size.height} />
              {props.ghosts.map((ghost, index) => (
                <rect key={index} className="box-ghost" data-ghost={index} {...rectangle(ghost)} />
              ))}
              {shown.map((box) => (
                <BoxShape key={box.id} box={box} size={size} isSelected={box.id === selected} scale={view.scale} />
              ))}
              {chosen && <Handles box={chosen} scale={view.scale} />}
              {live && live.id === null && (
                <rect className="box-drawn" stroke={colourOf(props.label ?? "")} {...rectangle(live.box)} />
              )}
            </g>
          </svg>
          {live && <Readout box={live.box} size={size} view={view} />}
        </>
      )}
    </div>
  );
}

const rectangle = ({ left, top, width, height }: Rectangle) => ({
  x: left,
  y: top,
  width: Math.max(0, width),
  height: Math.max(0, height),
});

interface ShapeProps {
  readonly box: Box;
  readonly size: ImageSize;
  readonly isSelected: boolean;
  readonly scale: number;
}

function BoxShape({ box, size, isSelected, scale }: ShapeProps) {
  const colour = colourOf(box.label);
  const classes = ["box-shape", isSelected && "is-selected", boxProblem(box, size) && "is-wrong"]
    .filter(Boolean)
    .join(" ");
  return (
    <g className={classes} data-box={box.id}>
      <rect className="box-halo" {...rectangle(box)} />
      <rect className="box-line" stroke={colour} fill={colour} {...rectangle(box)} />
      <text x={box.left + 4 / scale} y={box.top + 16 / scale} fontSize={13 / scale} strokeWidth={3 / scale}>
        {box.label.length > 40 ? `${box.label.slice(0, 39)}…` : box.label}
      </text>
    </g>
  );
}

const MIDDLE: Readonly<Record<Handle, readonly [number, number]>> = {
  nw: [0, 0],
  n: [0.5, 0],
  ne: [1, 0],
  e: [1, 0.5],
  se: [1, 1],
  s: [0.5, 1],
  sw: [0, 1],
  w: [0, 0.5],
};

function Handles({ box, scale }: { box: Rectangle; scale: number }) {
  const isTouch = window.matchMedia("(pointer: coarse)").matches;
  const reach = (isTouch ? TOUCH : HANDLE * 2) / scale;
  const side = HANDLE / scale;
  return HANDLES.map((handle) => {
    const [across, down] = MIDDLE[handle];
    const x = box.left + box.width * across;
    const y = box.top + box.height * down;
    return (
      <g key={handle} className={`box-handle is-${handle}`} data-handle={handle}>
        <rect className="box-reach" x={x - reach / 2} y={y - reach / 2} width={reach} height={reach} />
        <rect className="box-knob" x={x - side / 2} y={y - side / 2} width={side} height={side} />
      </g>
    );
  });
}

/** Size and limits while a box is drawn or changed. */
function Readout({ box, size, view }: { box: Rectangle; size: ImageSize; view: View }) {
  const { editor } = useTexts();
  const least = minimumSide(size);
  const isLeast = box.width <= least || box.height <= least;
  const isAtEdge =
    box.left <= 0 || box.top <= 0 || box.left + box.width >= size.width || box.top + box.height >= size.height;
  return (
    <div
      className={`box-readout${isLeast ? " is-limit" : ""}`}
      data-testid="box-readout"
      style={{
        transform: `translate(${(box.left + box.width) * view.scale + view.x + 8}px, ${(box.top + box.height) * view.scale + view.y + 8}px)`,
      }}
    >
      {Math.round(box.width)} × {Math.round(box.height)}
      {isLeast && ` · ${editor.leastSide(least)}`}
      {isAtEdge && ` · ${editor.atEdge}`}
    </div>
  );
}

/** The whole image is shown first, and again when the window changes its size. */
function useFirstView(window: RefObject<HTMLDivElement | null>, size: ImageSize, onView: CanvasProps["onView"]): void {
  const { width, height } = size;
  const latest = useRef(onView);
  useLayoutEffect(() => {
    latest.current = onView;
  });
  useLayoutEffect(() => {
    const element = window.current;
    if (element === null) return;
    const image = { width, height };
    latest.current((_, bounds) => fittedView(image, bounds));
    let before = { width: element.clientWidth, height: element.clientHeight };
    const observer = new ResizeObserver(() => {
      const now = { width: element.clientWidth, height: element.clientHeight };
      if (now.width === before.width && now.height === before.height) return;
      before = now;
      latest.current((_, bounds) => fittedView(image, bounds));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [window, width, height]);
}

/** The wheel's listener may not be passive, or the page scrolls along. */
function useWheel(
  window: RefObject<HTMLDivElement | null>,
  size: ImageSize,
  onView: CanvasProps["onView"],
  wheel: (event: WheelEvent, view: View, bounds: ImageSize) => View,
): void {
  const act = useRef<(event: WheelEvent) => void>(() => undefined);
  useLayoutEffect(() => {
    act.current = (event) => onView((view, bounds) => wheel(event, view, bounds));
  });
  useEffect(() => {
    const element = window.current;
    if (element === null) return;
    const listen = (event: WheelEvent) => {
      event.preventDefault();
      act.current(event);
    };
    element.addEventListener("wheel", listen, { passive: false });
    return () => element.removeEventListener("wheel", listen);
  }, [window, size]);
}
