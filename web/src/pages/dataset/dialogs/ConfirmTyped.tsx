import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import { ErrorAlert } from "../../../components/ErrorAlert";
import { Modal } from "../../../components/Modal";
import { useTexts } from "../../../texts";

interface Props {
  readonly title: string;
  readonly warning: ReactNode;
  readonly action: string;
  readonly error: unknown;
  readonly isPending: boolean;
  readonly onConfirm: () => void;
  readonly onDismiss: () => void;
}

/** The word that confirms; the same in every language. */
const WORD = "delete";

/** A dialog that wants the word "delete" typed before it lets something be deleted. */
export function ConfirmTyped({ title, warning, action, error, isPending, onConfirm, onDismiss }: Props) {
  const { dataset, common } = useTexts();
  const [typed, setTyped] = useState("");
  const isConfirmed = typed.trim() === WORD;
  return (
    <Modal visible header={title} onDismiss={onDismiss}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isConfirmed && !isPending) onConfirm();
        }}
      >
        <Form
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button formAction="none" variant="link" onClick={onDismiss}>
                {common.cancel}
              </Button>
              <Button variant="primary" disabled={!isConfirmed} loading={isPending}>
                {action}
              </Button>
            </SpaceBetween>
          }
        >
          <SpaceBetween size="m">
            <Alert type="warning">{warning}</Alert>
            {error !== null && <ErrorAlert error={error} />}
            <FormField label={dataset.confirmDelete}>
              <Input value={typed} placeholder={WORD} autoFocus onChange={({ detail }) => setTyped(detail.value)} />
            </FormField>
          </SpaceBetween>
        </Form>
      </form>
    </Modal>
  );
}
