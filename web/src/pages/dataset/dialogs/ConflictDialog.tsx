import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { Modal } from "../../../components/Modal";
import { useTexts } from "../../../texts";
import { fileName } from "../model/lines";

/** As many names as are read before one decides. */
const SHOWN = 10;

interface Props {
  readonly sourceRefs: readonly string[];
  readonly onOverwrite: () => void;
  readonly onKeepTheirs: (sourceRefs: readonly string[]) => void;
  readonly onDismiss: () => void;
}

/** Images that somebody else saved since the work on them began: whose labels and boxes are to stay? */
export function ConflictDialog({ sourceRefs, onOverwrite, onKeepTheirs, onDismiss }: Props) {
  const { labelling, common } = useTexts();
  return (
    <Modal
      visible
      header={labelling.conflictTitle}
      onDismiss={onDismiss}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onDismiss}>
              {common.cancel}
            </Button>
            <Button onClick={onOverwrite}>{labelling.overwrite}</Button>
            <Button variant="primary" onClick={() => onKeepTheirs(sourceRefs)}>
              {labelling.keepTheirs}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="s">
        <Box variant="p">{labelling.conflictBody(sourceRefs.length)}</Box>
        <ul>
          {sourceRefs.slice(0, SHOWN).map((sourceRef) => (
            <li key={sourceRef}>
              <bdi>{fileName(sourceRef)}</bdi>
            </li>
          ))}
        </ul>
      </SpaceBetween>
    </Modal>
  );
}
