import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, type SyntheticEvent, useId } from "react";
import { useTexts } from "../texts";
import { ErrorAlert } from "./ErrorAlert";
import { Modal } from "./Modal";

export interface FormDialogProps {
  title: string;
  /** The text of the button that does it, and of the one that leaves. */
  button: string;
  closeText?: string;
  children: ReactNode;
  isReady?: boolean;
  isPending?: boolean;
  error?: unknown;
  onSubmit: () => void;
  onClose: () => void;
}

/** The shape of every dialog in which something is filled in: fields, then a button to leave and one that does it. */
export function FormDialog(props: FormDialogProps) {
  const { title, button, children, isReady = true, isPending = false, error, onSubmit, onClose } = props;
  const { common } = useTexts();
  const form = useId();
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (isReady && !isPending) onSubmit();
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
          {error !== undefined && error !== null && <ErrorAlert error={error} />}
        </SpaceBetween>
      </form>
    </Modal>
  );
}
