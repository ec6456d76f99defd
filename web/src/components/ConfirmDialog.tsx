import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useState } from "react";
import { FormDialog, type FormDialogProps } from "./FormDialog";

interface Props extends Omit<FormDialogProps, "isReady" | "onSubmit"> {
  /** A word that must be typed before the button can be chosen (`delete`, `stop`), and how it is asked for. */
  word?: string;
  wordLabel?: string;
  isBlocked?: boolean;
  onConfirm: () => void;
}

/** A dialog that asks once more, with a word to type where what is done cannot be undone. The word is never translated. */
export function ConfirmDialog({ word, wordLabel, isBlocked = false, onConfirm, children, ...rest }: Props) {
  const [typed, setTyped] = useState("");
  return (
    <FormDialog {...rest} isReady={!isBlocked && (word === undefined || typed.trim() === word)} onSubmit={onConfirm}>
      {children}
      {word !== undefined && (
        <FormField label={wordLabel}>
          <Input
            value={typed}
            placeholder={word}
            autoComplete={false}
            autoFocus
            disabled={isBlocked}
            onChange={({ detail }) => setTyped(detail.value)}
          />
        </FormField>
      )}
    </FormDialog>
  );
}
