import type { ReactNode } from "react";

/** A box in shares of the picture (0 to 1). */
export interface ShownBox {
  id: string;
  label: string;
  kind: "truth" | "answer";
  left: number;
  top: number;
  width: number;
  height: number;
  /** What is written on it; without it the label. */
  text?: string;
  isMuted?: boolean;
}

/** From so many boxes on, what is written on a box is no wider than the box. */
const CROWDED = 12;

const share = (value: number) => `${(100 * value).toFixed(3)}%`;

/** A picture with boxes over it. The boxes are text for assistive technology as well: a list after the picture. */
export function BoxOverlay({ boxes, children }: { boxes: readonly ShownBox[]; children: ReactNode }) {
  return (
    <div className="boxed">
      {children}
      {boxes.length > 0 && (
        <ul className={boxes.length < CROWDED ? "boxes" : "boxes boxes-crowded"}>
          {boxes.map((box) => (
            <li
              key={box.id}
              className={`box box-${box.kind}${box.isMuted ? " box-muted" : ""}${box.top < 0.06 ? " box-low" : ""}`}
              style={{ left: share(box.left), top: share(box.top), width: share(box.width), height: share(box.height) }}
            >
              <bdi>{box.text ?? box.label}</bdi>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
