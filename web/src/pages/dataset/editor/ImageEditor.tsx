import Alert from "@cloudscape-design/components/alert";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useTexts } from "../../../texts";
import { type DraftStore } from "../io/draftStore";
import type { CatalogueRule } from "../../../api/types";
import { ErrorDetails } from "../gallery/ErrorDetails";
import type { Annotations, ImageSize, Rectangle } from "../model/annotations";
import { newBoxId, sameAnnotations } from "../model/annotations";
import { centred, fitted, inFrame, MAXIMUM_BOXES, scaledBoxes } from "../model/geometry";
import { fittedView, panned, type View, zoomed } from "../model/view";
import { BoxCanvas } from "./BoxCanvas";
import { EditorBar } from "./EditorBar";
import { type Command, commandOf } from "./keys";
import { LabelPane } from "./LabelPane";
import { Tips, useTips } from "./Tips";
import { useBoxes } from "./useBoxes";
import type { EditorImage } from "./useImage";
import { useProposals } from "./useProposals";

interface Props {
  readonly image: EditorImage;
  readonly following: EditorImage | null;
  readonly labels: readonly string[];
  readonly label: string | null;
  readonly onLabel: (label: string) => void;
  readonly draft: DraftStore;
  readonly catalogue: ReadonlyMap<string, CatalogueRule>;
  readonly onNext: () => void;
  readonly onPrevious: () => void;
}

const PAN = 40;

/** One image with everything that is done to its boxes. */
export function ImageEditor(props: Props) {
  const { image, following, labels, label, onLabel, draft, catalogue, onNext, onPrevious } = props;
  const { editor } = useTexts();
  const work = useBoxes(image, draft, label);
  const window = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<View | null>(null);
  const [refused, setRefused] = useState(false);
  const [told, setTold] = useState("");
  const proposals = useProposals(image);
  const tips = useTips();
  useEffect(() => window.current?.focus({ preventScroll: true }), []);

  const changeView = (change: (view: View, bounds: ImageSize) => View) => {
    const element = window.current;
    if (element === null) return;
    const bounds = { width: element.clientWidth, height: element.clientHeight };
    setView((old) => change(old ?? fittedView(image.size, bounds), bounds));
  };
  const zoom = (factor: number) =>
    changeView((old, bounds) => zoomed(old, factor, { x: bounds.width / 2, y: bounds.height / 2 }, image.size, bounds));
  const draw = (box: Rectangle) => {
    if (work.problem !== null) setRefused(true);
    else {
      setRefused(false);
      work.add(box);
      setTold(editor.drawn(label ?? "", box));
    }
  };
  const choose = (name: string) => {
    onLabel(name);
    if (work.selected !== null) work.relabel(work.selected, name);
  };
  const copy = () => {
    if (following === null || work.boxes.length === 0) return;
    const copied = copyBoxes(draft, work.annotations, following);
    setTold(editor.copied(copied));
    onNext();
  };
  const run = (command: Command) => {
    const { selected } = work;
    switch (command.name) {
      case "label": {
        const name = labels[command.index];
        if (name !== undefined) choose(name);
        break;
      }
      case "move":
        if (selected !== null) work.nudge(selected, command.across, command.down);
        else changeView((old, bounds) => panned(old, -command.across * PAN, -command.down * PAN, image.size, bounds));
        break;
      case "resize":
        if (selected !== null) work.stretch(selected, command.across, command.down);
        break;
      case "select":
        work.selectNext(command.step);
        break;
      case "zoom":
        zoom(command.factor);
        break;
      case "new":
        draw(centred(image.size));
        break;
      case "delete":
        if (selected !== null) work.remove(selected);
        break;
      case "undo":
        draft.undo();
        break;
      case "redo":
        draft.redo();
        break;
      case "next":
        onNext();
        break;
      case "previous":
        onPrevious();
        break;
      case "copy":
        copy();
        break;
      case "fit":
        changeView((_, bounds) => fittedView(image.size, bounds));
        break;
      case "escape":
        if (tips.isOpen) tips.close();
        else work.select(null);
        break;
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const isRadio = event.target instanceof HTMLInputElement && event.target.type === "radio";
    if (event.defaultPrevented || isWriting(event) || (isRadio && event.key.startsWith("Arrow"))) return;
    const command = commandOf(event);
    if (command === null) return;
    event.preventDefault();
    run(command);
  };
  const chosen = work.boxes.find((box) => box.id === work.selected);
  return (
    // Keys of all that is inside come here; the canvas holds the focus.
    <div className="image-editor" onKeyDown={onKeyDown}>
      <div className="editor-main">
        <EditorBar
          draft={draft}
          scale={view?.scale ?? null}
          canCopy={following !== null && work.boxes.length > 0}
          proposals={proposals}
          canAccept={work.problem === null}
          onAcceptProposals={() => {
            const room = MAXIMUM_BOXES - work.boxes.length;
            for (const box of proposals.boxes.slice(0, room)) work.add(box, "acceptProposals");
            proposals.clear();
          }}
          run={run}
          onTips={tips.open}
        />
        {work.problem !== null && (refused || work.problem !== "tooMany") && (
          <Alert type={work.problem === "tooMany" ? "warning" : "error"}>{editor.problems[work.problem]}</Alert>
        )}
        <div className="editor-stage">
          <BoxCanvas
            entry={image.entry}
            size={image.size}
            boxes={work.boxes}
            ghosts={proposals.boxes}
            selected={work.selected}
            label={label}
            canDraw={work.problem === null}
            view={view}
            window={window}
            onView={changeView}
            onSelect={work.select}
            onDraw={draw}
            onChange={(id, box, name) => work.set(id, box, name)}
            onRefused={() => setRefused(true)}
            onGhost={(ghost) => {
              draw(ghost);
              proposals.drop(ghost);
            }}
          />
          <Tips tips={tips} onClosed={() => window.current?.focus({ preventScroll: true })} />
        </div>
        <div className="visually-hidden" role="status">
          {chosen ? editor.chosen(chosen.label, chosen) : told}
        </div>
      </div>
      <LabelPane
        errors={
          image.entry.has_errors && sameAsSaved(work.annotations, image) ? (
            <ErrorDetails errors={image.entry.errors} catalogue={catalogue} />
          ) : null
        }
        labels={labels}
        label={chosen?.label ?? label}
        boxes={work.boxes}
        selected={work.selected}
        size={image.size}
        onLabel={choose}
        onSelect={work.select}
        onDelete={work.remove}
        onFields={(id, box, side) =>
          work.set(id, box, side === "left" || side === "top" ? "moveBox" : "resizeBox", `${side} ${id}`)
        }
      />
    </div>
  );
}

const sameAsSaved = (annotations: Annotations, image: EditorImage) => sameAnnotations(annotations, image.saved);

/**
 * Adds the boxes to another image, at the same places of its frame, as far as its 50 allow; those that it has already stay
 * single. Returns how many.
 */
function copyBoxes(draft: DraftStore, from: Annotations, to: EditorImage): number {
  let copied = 0;
  draft.edit("copyBoxes", [{ sourceRef: to.entry.source_ref, annotations: to.saved }], (before) => {
    const framed = inFrame(before, to.size);
    const known = new Set(framed.boxes.map(placeOf));
    const added = scaledBoxes(from.boxes, from.frame ?? to.size, to.size)
      .map((box) => ({ ...fitted(box, to.size), label: box.label, id: newBoxId() }))
      .filter((box) => !known.has(placeOf(box)))
      .slice(0, Math.max(0, MAXIMUM_BOXES - framed.boxes.length));
    copied = added.length;
    return { ...framed, boxes: [...framed.boxes, ...added] };
  });
  return copied;
}

const placeOf = (box: Rectangle & { readonly label: string }) =>
  JSON.stringify([box.label, box.left, box.top, box.width, box.height]);

/** Keys belong to a field while somebody writes in it. */
function isWriting({ target }: KeyboardEvent): boolean {
  return (target instanceof HTMLInputElement && target.type !== "radio") || target instanceof HTMLTextAreaElement;
}
