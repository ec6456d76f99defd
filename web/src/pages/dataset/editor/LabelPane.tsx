import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { useTexts } from "../../../texts";
import type { Box as LabelledBox, ImageSize, Rectangle } from "../model/annotations";
import { boxProblem, MAXIMUM_BOXES, minimumSide } from "../model/geometry";
import { colourOf } from "../gallery/labelColours";
import { BoxFields } from "./BoxFields";

interface Props {
  /** What is wrong with the line that is saved. */
  readonly errors: ReactNode;
  readonly labels: readonly string[];
  readonly label: string | null;
  readonly boxes: readonly LabelledBox[];
  readonly selected: string | null;
  readonly size: ImageSize;
  readonly onLabel: (label: string) => void;
  readonly onSelect: (id: string | null) => void;
  readonly onDelete: (id: string) => void;
  readonly onFields: (id: string, box: Rectangle, side: string) => void;
}

/** The right pane of the editor: labels to draw with, and the boxes of this image as a list. */
export function LabelPane(props: Props) {
  const { labels, label, boxes, selected, onLabel, errors } = props;
  const { editor } = useTexts();
  return (
    <SpaceBetween size="m">
      <Container header={<Header variant="h2">{editor.labels}</Header>}>
        <div className="editor-labels" role="radiogroup" aria-label={editor.labels}>
          {labels.map((name, index) => (
            <label key={name} className={name === label ? "is-chosen" : undefined}>
              <input type="radio" name="box-label" checked={name === label} onChange={() => onLabel(name)} />
              <i aria-hidden="true" style={{ background: colourOf(name) }} />
              <bdi>{name}</bdi>
              {index < 10 && <kbd>{(index + 1) % 10}</kbd>}
            </label>
          ))}
        </div>
      </Container>
      <Container
        header={
          <Header variant="h2" counter={`(${boxes.length}/${MAXIMUM_BOXES})`}>
            {editor.boxes}
          </Header>
        }
      >
        <ul className="editor-boxes" aria-label={editor.boxes}>
          {boxes.map((box, index) => (
            <BoxLine key={box.id} {...props} box={box} index={index} isSelected={box.id === selected} />
          ))}
        </ul>
        {boxes.length === 0 && <Box color="text-body-secondary">{editor.noBoxes}</Box>}
      </Container>
      {errors && (
        <ExpandableSection variant="container" defaultExpanded headerText={editor.errors}>
          {errors}
        </ExpandableSection>
      )}
    </SpaceBetween>
  );
}

interface LineProps extends Props {
  readonly box: LabelledBox;
  readonly index: number;
  readonly isSelected: boolean;
}

function BoxLine({ box, index, isSelected, size, onSelect, onDelete, onFields }: LineProps) {
  const { editor } = useTexts();
  const problem = boxProblem(box, size);
  return (
    <li className={isSelected ? "is-chosen" : undefined}>
      <div className="editor-box-line">
        <button
          type="button"
          className="editor-box-name"
          aria-pressed={isSelected}
          onClick={() => onSelect(isSelected ? null : box.id)}
        >
          <i aria-hidden="true" style={{ background: colourOf(box.label) }} />
          <bdi>{editor.boxName(index + 1, box.label)}</bdi>
        </button>
        <Button
          variant="icon"
          iconName="remove"
          ariaLabel={editor.deleteBox(index + 1, box.label)}
          onClick={() => onDelete(box.id)}
        />
      </div>
      {problem && (
        <Box color="text-status-error" fontSize="body-s">
          {editor.limits[problem](minimumSide(size), size)}
        </Box>
      )}
      {isSelected && (
        <BoxFields key={box.id} box={box} size={size} onChange={(next, side) => onFields(box.id, next, side)} />
      )}
    </li>
  );
}
