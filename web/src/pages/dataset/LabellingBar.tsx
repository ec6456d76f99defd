import Button from "@cloudscape-design/components/button";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import { useState } from "react";
import { useFormats } from "../../components/format";
import { useTexts } from "../../texts";
import { type DraftStore, useDraft } from "./io/draftStore";
import { AssignLabelsDialog } from "./dialogs/AssignLabelsDialog";
import { RemoveImagesDialog } from "./dialogs/RemoveImagesDialog";
import { type ChoiceStore, useChoice } from "./gallery/selectionStore";
import { allSelected, countSelected, NOTHING_SELECTED } from "./model/selection";
import type { useLabelling } from "./useLabelling";

interface Props {
  readonly dataset: string;
  readonly choice: ChoiceStore;
  readonly draft: DraftStore;
  readonly labels: readonly string[];
  readonly work: ReturnType<typeof useLabelling>;
  readonly total: number;
  readonly onDraw: (sourceRefs: readonly string[]) => void;
  readonly onManage: () => void;
}

/** What can be done with the chosen images, and with what was done to them. */
export function LabellingBar({ dataset, choice, draft, labels, work, total, onDraw, onManage }: Props) {
  const { labelling, common } = useTexts();
  const { number } = useFormats();
  const count = useChoice(choice, ({ selection }) => countSelected(selection));
  const changed = useDraft(draft, (current) => current.changed.size);
  const canUndo = useDraft(draft, ({ past }) => past.length > 0);
  const canRedo = useDraft(draft, ({ future }) => future.length > 0);
  const [open, setOpen] = useState<"assign" | "remove" | null>(null);
  const [isGathering, setGathering] = useState(false);
  const isBusy = work.save.isPending || work.gathering !== null;
  const draw = async () => {
    setGathering(true);
    try {
      onDraw((await work.chosenEntries()).map(({ source_ref }) => source_ref));
    } finally {
      setGathering(false);
    }
  };
  return (
    <>
      <div className="labelling-bar" role="group" aria-label={labelling.tools}>
        <Button disabled={count === 0 || isBusy} onClick={() => setOpen("assign")}>
          {labelling.assignLabels}
        </Button>
        <Button
          disabled={count === 0 || isBusy || labels.length === 0}
          disabledReason={labels.length === 0 ? labelling.labelsFirst : undefined}
          loading={isGathering}
          onClick={() => void draw()}
        >
          {labelling.drawBoxes}
        </Button>
        <Button disabled={count === 0 || isBusy || changed > 0} onClick={() => setOpen("remove")}>
          {labelling.removeImages}
        </Button>
        <span className="labelling-icons">
          <Button
            variant="icon"
            iconName="undo"
            ariaLabel={labelling.undo}
            disabled={!canUndo || isBusy}
            onClick={draft.undo}
          />
          <Button
            variant="icon"
            iconName="redo"
            ariaLabel={labelling.redo}
            disabled={!canRedo || isBusy}
            onClick={draft.redo}
          />
        </span>
      </div>
      <div className="labelling-status">
        <span className="labelling-count" role="status">
          {labelling.selected(count)}
          {changed > 0 && ` · ${labelling.unsaved(changed)}`}
        </span>
        <Button
          variant="inline-link"
          onClick={() => choice.set({ ...choice.get(), selection: count > 0 ? NOTHING_SELECTED : allSelected(total) })}
        >
          {count > 0 ? labelling.selectNone : labelling.selectAll(number(total))}
        </Button>
        {work.gathering && (
          <ProgressBar
            value={(100 * work.gathering.done) / work.gathering.total}
            label={common.loading}
            additionalInfo={labelling.savingOf(work.gathering.done, work.gathering.total)}
          />
        )}
        {work.progress && (
          <ProgressBar
            value={(100 * work.progress.done) / Math.max(1, work.progress.total)}
            label={labelling.saving}
            additionalInfo={labelling.savingOf(Math.floor(work.progress.done), work.progress.total)}
          />
        )}
      </div>
      {open === "assign" && (
        <AssignLabelsDialog
          labels={labels}
          count={count}
          isPending={work.assign.isPending}
          onManage={onManage}
          onDismiss={() => setOpen(null)}
          onAssign={(label, mode) => work.assign.mutate({ label, mode }, { onSuccess: () => setOpen(null) })}
        />
      )}
      {open === "remove" && (
        <RemoveImagesDialog
          dataset={dataset}
          count={count}
          chosen={async () => (await work.chosenEntries()).map(({ source_ref }) => source_ref)}
          onDone={() => choice.set({ ...choice.get(), selection: NOTHING_SELECTED })}
          onClose={() => setOpen(null)}
        />
      )}
    </>
  );
}
