import Button from "@cloudscape-design/components/button";
import { useFormats } from "../../../components/format";
import { useTexts } from "../../../texts";
import { type DraftStore, useDraft } from "../io/draftStore";
import type { Command } from "./keys";
import type { useProposals } from "./useProposals";

interface Props {
  readonly draft: DraftStore;
  /** Pixels of the screen for one of the image. */
  readonly scale: number | null;
  readonly canCopy: boolean;
  readonly canAccept: boolean;
  readonly proposals: ReturnType<typeof useProposals>;
  readonly onAcceptProposals: () => void;
  readonly run: (command: Command) => void;
  readonly onTips: () => void;
}

const ZOOM = 1.25;

/** The buttons above the image; each has a key as well. */
export function EditorBar({ draft, scale, canCopy, canAccept, proposals, onAcceptProposals, run, onTips }: Props) {
  const { editor } = useTexts();
  const { number } = useFormats();
  const canUndo = useDraft(draft, ({ past }) => past.length > 0);
  const canRedo = useDraft(draft, ({ future }) => future.length > 0);
  return (
    <div className="labelling-bar" role="toolbar" aria-label={editor.tools}>
      <Button iconName="add-plus" onClick={() => run({ name: "new" })}>
        {editor.newBox}
      </Button>
      <Button disabled={!canCopy} onClick={() => run({ name: "copy" })}>
        {editor.copyToNext}
      </Button>
      {proposals.isOffered && proposals.boxes.length === 0 && (
        <Button loading={proposals.isPending} onClick={proposals.ask}>
          {editor.propose}
        </Button>
      )}
      {proposals.boxes.length > 0 && (
        <>
          <Button disabled={!canAccept} onClick={onAcceptProposals}>
            {editor.acceptProposals(proposals.boxes.length)}
          </Button>
          <Button onClick={proposals.clear}>{editor.dropProposals}</Button>
        </>
      )}
      <span className="labelling-icons">
        <Button
          variant="icon"
          iconName="undo"
          ariaLabel={editor.undo}
          disabled={!canUndo}
          onClick={() => run({ name: "undo" })}
        />
        <Button
          variant="icon"
          iconName="redo"
          ariaLabel={editor.redo}
          disabled={!canRedo}
          onClick={() => run({ name: "redo" })}
        />
        <Button
          variant="icon"
          iconName="zoom-out"
          ariaLabel={editor.zoomOut}
          onClick={() => run({ name: "zoom", factor: 1 / ZOOM })}
        />
        <span className="editor-zoom">{scale === null ? "" : `${number(scale * 100)} %`}</span>
        <Button
          variant="icon"
          iconName="zoom-in"
          ariaLabel={editor.zoomIn}
          onClick={() => run({ name: "zoom", factor: ZOOM })}
        />
        <Button variant="icon" iconName="zoom-to-fit" ariaLabel={editor.fit} onClick={() => run({ name: "fit" })} />
        <Button variant="icon" iconName="status-info" ariaLabel={editor.tipsTitle} onClick={onTips} />
      </span>
      <span className="labelling-count" role="status">
        {proposals.isEmpty && editor.noProposals}
        {proposals.error?.message}
      </span>
    </div>
  );
}
