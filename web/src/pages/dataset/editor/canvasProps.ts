import type { RefObject } from "react";
import type { DatasetEntry } from "../../../api/types";
import type { Box, ImageSize, Rectangle } from "../model/annotations";
import type { View } from "../model/view";

/** What the canvas shows, and whom it tells of what pointers do on it. */
export interface CanvasProps {
  readonly entry: DatasetEntry;
  readonly size: ImageSize;
  readonly boxes: readonly Box[];
  readonly ghosts: readonly Rectangle[];
  readonly selected: string | null;
  readonly label: string | null;
  readonly canDraw: boolean;
  readonly view: View | null;
  readonly window: RefObject<HTMLDivElement | null>;
  readonly onView: (change: (view: View, window: ImageSize) => View) => void;
  readonly onSelect: (id: string | null) => void;
  readonly onDraw: (box: Rectangle) => void;
  /** A drag ended: the box lies there now. */
  readonly onChange: (id: string, box: Rectangle, kind: "moveBox" | "resizeBox") => void;
  /** Somebody wants to draw where no box may be drawn. */
  readonly onRefused: () => void;
  readonly onGhost: (ghost: Rectangle) => void;
}
