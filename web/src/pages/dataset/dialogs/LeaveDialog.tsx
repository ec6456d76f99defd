import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { Modal } from "../../../components/Modal";
import { useTexts } from "../../../texts";

interface Props {
  readonly count: number;
  readonly onDiscard: () => void;
  readonly onDismiss: () => void;
}

/** Exit while there is unsaved work: nothing is thrown away by accident. */
export function LeaveDialog({ count, onDiscard, onDismiss }: Props) {
  const { labelling } = useTexts();
  return (
    <Modal
      visible
      header={labelling.leaveTitle}
      onDismiss={onDismiss}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onDiscard}>
              {labelling.discard}
            </Button>
            <Button variant="primary" onClick={onDismiss}>
              {labelling.stay}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      {labelling.leaveBody(count)}
    </Modal>
  );
}
