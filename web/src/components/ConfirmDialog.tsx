import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, type SyntheticEvent, useId, useState } from "react";
import { useTexts } from "../texts";
import { ErrorAlert } from "./ErrorAlert";
import { Modal } from "./Modal";

interface Props {
  title: string;
  button: string;
  children: ReactNode;
  /** A word that must be typed before the button can be chosen (`delete`, `stop`), and how it is asked for. */
  word?: string;
  wordLabel?: string;
  isPending?: boolean;
  isBlocked?: boolean;
  error?: unknown;
  closeText?: string;
  onConfirm: () => void;
  onClose: () => void;
}

/** A dialog that asks once more, with a word to type where what is done cannot be undone. */
export function ConfirmDialog(props: Props) {
  const { title, button, children, word, wordLabel, isPending = false, isBlocked = false, error, onConfirm, onClose } = props;
  const { common } = useTexts();
  const form = useId();
  const [typed, setTyped] = useState("");
  const isReady = !isBlocked && !isPending && (word === undefined || typed === word);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (isReady) onConfirm();
  };
  return (
    <Modal
      visible
      onDismiss={onClose}
      header={title}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              {props.closeText ?? common.cancel}
            </Button>
            <Button variant="primary" form={form} formAction="submit" loading={isPending} disabled={!isReady && !isPending}>
              {button}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <form id={form} onSubmit={submit}>
        <SpaceBetween size="m">
          {children}
          {word !== undefined && (
            <FormField label={wordLabel}>
              <Input
                value={typed}
                placeholder={word}
                autoComplete={false}
                disabled={isBlocked}
                onChange={({ detail }) => setTyped(detail.value)}
              />
            </FormField>
          )}
          {error !== undefined && error !== null && <ErrorAlert error={error} />}
        </SpaceBetween>
      </form>
    </Modal>
  );
}
