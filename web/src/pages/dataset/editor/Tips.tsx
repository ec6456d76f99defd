import ExpandableSection from "@cloudscape-design/components/expandable-section";
import { useState } from "react";
import { readStored, writeStored } from "../../../state/store";
import { useTexts } from "../../../texts";

const KEY = "custom-labels.editor-tips-seen";
const local = () => window.localStorage;
const isFlag = (value: unknown): value is boolean => typeof value === "boolean";

/** How boxes are drawn (C-12): open until the reader closes it, then closed for good. */
export function Tips() {
  const { editor } = useTexts();
  const [isOpen, setOpen] = useState(() => !readStored(local, KEY, isFlag, false));
  return (
    <ExpandableSection
      headerText={editor.tipsTitle}
      expanded={isOpen}
      onChange={({ detail }) => {
        setOpen(detail.expanded);
        writeStored(local, KEY, !detail.expanded);
      }}
    >
      <ul id="box-editor-tips" className="editor-tips">
        {editor.tips.map((tip) => (
          <li key={tip}>{tip}</li>
        ))}
      </ul>
    </ExpandableSection>
  );
}
