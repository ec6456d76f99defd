import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useEffect } from "react";
import { Modal } from "../../../components/Modal";
import { useTexts } from "../../../texts";
import { type DraftStore, useDraft } from "../io/draftStore";
import { usePreview } from "../io/queries";
import type { CatalogueRule, DatasetEntry } from "../../../api/types";
import { ErrorDetails } from "./ErrorDetails";
import { colourOf } from "./labelColours";

const DOUBLE_CLICK_MS = 500;

interface Props {
  readonly entry: DatasetEntry;
  readonly draft: DraftStore;
  readonly catalogue: ReadonlyMap<string, CatalogueRule>;
  readonly onDismiss: () => void;
  readonly onDraw: (() => void) | null;
}

/** One image, large: its boxes and labels, its errors. */
export function ImageDialog({ entry, draft, catalogue, onDismiss, onDraw }: Props) {
  const { gallery, common } = useTexts();
  const url = usePreview(entry, 1024);
  useEffect(swallowSecondClick, []);
  const changed = useDraft(draft, (current) => current.changed.get(entry.source_ref));
  const boxes = changed?.boxes ?? entry.boxes;
  const frame = changed ? changed.frame : entry.image_size;
  const labels = changed?.labels ?? entry.image_labels;
  return (
    <Modal
      visible
      size="large"
      header={<bdi>{entry.name}</bdi>}
      onDismiss={onDismiss}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            {onDraw && <Button onClick={onDraw}>{gallery.drawBoxes}</Button>}
            <Button variant="primary" onClick={onDismiss}>
              {common.close}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <div className="image-view">
          {url && <img src={url} alt={entry.name} />}
          {frame && (
            <svg viewBox={`0 0 ${frame.width} ${frame.height}`} aria-hidden="true">
              {boxes.map((box, index) => (
                <rect
                  key={index}
                  x={box.left}
                  y={box.top}
                  width={Math.max(0, box.width)}
                  height={Math.max(0, box.height)}
                  stroke={colourOf(box.label)}
                  vectorEffect="non-scaling-stroke"
                />
              ))}
            </svg>
          )}
        </div>
        <ColumnLayout columns={2}>
          <div>
            <Box variant="awsui-key-label">{gallery.imageLabels}</Box>
            {labels.length > 0 ? labels.map((label) => <Named key={label} label={label} />) : common.none}
          </div>
          <div>
            <Box variant="awsui-key-label">{gallery.boxes(boxes.length)}</Box>
            {boxes.map((box, index) => (
              <Named
                key={index}
                label={box.label}
                text={`${round(box.left)}, ${round(box.top)}, ${round(box.width)} × ${round(box.height)}`}
              />
            ))}
            {boxes.length === 0 && common.none}
          </div>
        </ColumnLayout>
        <div>
          <Box variant="awsui-key-label">{gallery.address}</Box>
          <Box variant="code">
            <bdi className="breaking">{entry.source_ref}</bdi>
          </Box>
        </div>
        {entry.has_errors && <ErrorDetails errors={entry.errors} catalogue={catalogue} />}
      </SpaceBetween>
    </Modal>
  );
}

function Named({ label, text }: { label: string; text?: string }) {
  return (
    <div className="gallery-label is-wide">
      <i aria-hidden="true" style={{ background: colourOf(label) }} />
      <bdi>{label}</bdi>
      {text && <Box variant="small"> {text}</Box>}
    </div>
  );
}

const round = (value: number) => Math.round(value * 10) / 10;

/** The second click of those who are used to two would close the dialog, or take the focus out of it. */
function swallowSecondClick() {
  const swallow = (event: MouseEvent) => {
    if (event.detail < 2) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const kinds = ["mousedown", "mouseup", "click"] as const;
  const stop = () => kinds.forEach((kind) => document.removeEventListener(kind, swallow, true));
  kinds.forEach((kind) => document.addEventListener(kind, swallow, true));
  const timer = setTimeout(stop, DOUBLE_CLICK_MS);
  return () => {
    clearTimeout(timer);
    stop();
  };
}
