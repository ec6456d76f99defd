import Button from "@cloudscape-design/components/button";
import { useState } from "react";
import { readStored, writeStored } from "../../../state/store";
import { useTexts } from "../../../texts";

const KEY = "custom-labels.editor-tips-seen";
const local = () => window.localStorage;
const isFlag = (value: unknown): value is boolean => typeof value === "boolean";

/** Whether the tips are open (C-12): at first, and whenever the reader asks for them. */
export function useTips() {
  const [isOpen, setOpen] = useState(() => !readStored(local, KEY, isFlag, false));
  return {
    isOpen,
    open: () => setOpen(true),
    close: () => {
      setOpen(false);
      writeStored(local, KEY, true);
    },
  };
}

/** How boxes are drawn, over the image until it is closed. */
export function Tips({ tips, onClosed }: { tips: ReturnType<typeof useTips>; onClosed: () => void }) {
  const { editor } = useTexts();
  return (
    <section className="editor-tips" aria-labelledby="box-editor-tips-title" hidden={!tips.isOpen}>
      <h2 id="box-editor-tips-title">{editor.tipsTitle}</h2>
      <ul id="box-editor-tips">
        {editor.tips.map((tip) => (
          <li key={tip}>{tip}</li>
        ))}
      </ul>
      <Button
        variant="primary"
        onClick={() => {
          tips.close();
          onClosed();
        }}
      >
        {editor.closeTips}
      </Button>
    </section>
  );
}
