import Popover from "@cloudscape-design/components/popover";
import { memo, useState } from "react";
import { useTexts } from "../../../texts";
import { type DraftStore, useDraft } from "../io/draftStore";
import { usePreview } from "../io/queries";
import type { CatalogueRule, DatasetEntry } from "../../../api/types";
import type { Rectangle } from "../model/annotations";
import { isSelected } from "../model/selection";
import { ErrorDetails } from "./ErrorDetails";
import { colourOf } from "./labelColours";
import { type ChoiceStore, useChoice } from "./selectionStore";

const PREVIEW = 256;

export interface ThumbnailProps {
  readonly id: string;
  readonly position: number;
  readonly column: number;
  readonly entry: DatasetEntry | undefined;
  readonly draft: DraftStore;
  readonly choice: ChoiceStore;
  readonly isLabelling: boolean;
  readonly catalogue: ReadonlyMap<string, CatalogueRule>;
}

/** One image of the gallery: the picture with its boxes, its name, its labels, the way to its errors. */
export const Thumbnail = memo(function Thumbnail(props: ThumbnailProps) {
  const { id, position, column, entry, draft, choice, isLabelling } = props;
  const { gallery } = useTexts();
  const isChosen = useChoice(choice, ({ selection }) => isLabelling && isSelected(selection, position));
  const isActive = useChoice(choice, ({ active }) => active === position);
  const isChanged = useDraft(draft, ({ changed }) => entry !== undefined && changed.has(entry.source_ref));
  const classes = ["gallery-cell", isChosen && "is-chosen", isActive && "is-active"].filter(Boolean).join(" ");
  return (
    <div
      id={id}
      role="gridcell"
      aria-colindex={column + 1}
      aria-selected={isLabelling ? isChosen : undefined}
      className={classes}
      data-position={position}
      data-testid="gallery-image"
    >
      {entry && <Shown {...props} entry={entry} isChanged={isChanged} />}
      {entry === undefined && <span className="gallery-waiting">{gallery.loadingImage}</span>}
      {isLabelling && <span className="gallery-tick" aria-hidden="true" />}
    </div>
  );
});

function Shown({ entry, draft, catalogue, isChanged }: ThumbnailProps & { entry: DatasetEntry; isChanged: boolean }) {
  const { gallery } = useTexts();
  const changed = useDraft(draft, (current) => current.changed.get(entry.source_ref));
  const boxes = changed?.boxes ?? entry.boxes;
  const frame = changed ? changed.frame : entry.image_size;
  const labels = counted(changed?.labels ?? entry.image_labels, boxes);
  return (
    <>
      <div className="gallery-picture">
        <Picture entry={entry} />
        {frame && boxes.length > 0 && (
          <svg className="gallery-boxes" viewBox={`0 0 ${frame.width} ${frame.height}`} aria-hidden="true">
            {boxes.map((box, index) => (
              <BoxOutline key={index} box={box} colour={colourOf(box.label)} />
            ))}
          </svg>
        )}
      </div>
      <div className="gallery-name" title={entry.source_ref}>
        <bdi>{entry.name}</bdi>
        {isChanged && <span className="gallery-changed">{gallery.unsaved}</span>}
      </div>
      <div className="gallery-labels">
        {labels.map(({ name, boxes: count }) => (
          <span key={name} className="gallery-label" title={name}>
            <i aria-hidden="true" style={{ background: colourOf(name) }} />
            <bdi>{name}</bdi>
            {count > 1 && ` ×${count}`}
          </span>
        ))}
        {labels.length === 0 && <span className="gallery-unlabelled">{gallery.unlabeledImage}</span>}
      </div>
      {entry.has_errors && (
        <div className="gallery-error">
          <Popover
            size="large"
            renderWithPortal
            header={gallery.errorsOf(entry.name)}
            dismissAriaLabel={gallery.closeErrors}
            content={<ErrorDetails errors={entry.errors} catalogue={catalogue} />}
          >
            {gallery.error}
          </Popover>
        </div>
      )}
    </>
  );
}

function Picture({ entry }: { entry: DatasetEntry }) {
  const { gallery } = useTexts();
  const url = usePreview(entry, PREVIEW);
  const [failed, setFailed] = useState<string | null>(null);
  if (url !== undefined && failed === url) return <span className="gallery-missing">{gallery.missingImage}</span>;
  if (url === undefined) return null;
  return <img src={url} alt="" draggable={false} decoding="async" onError={() => setFailed(url)} />;
}

function BoxOutline({ box, colour }: { box: Rectangle; colour: string }) {
  return (
    <rect
      x={box.left}
      y={box.top}
      width={Math.max(0, box.width)}
      height={Math.max(0, box.height)}
      stroke={colour}
      vectorEffect="non-scaling-stroke"
    />
  );
}

/** Labels in the order in which they are seen, with the number of their boxes. */
function counted(labels: readonly string[], boxes: readonly { label: string }[]): { name: string; boxes: number }[] {
  const counts = new Map<string, number>(labels.map((label) => [label, 0]));
  for (const { label } of boxes) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].map(([name, count]) => ({ name, boxes: count }));
}
