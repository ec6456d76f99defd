import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import type { ProjectDataset } from "../../../api/types";
import { notify } from "../../../app/shellState";
import { Modal } from "../../../components/Modal";
import { useTexts } from "../../../texts";
import { DropZone } from "../uploads/DropZone";
import { NO_PICKS, type Picks } from "../uploads/picks";
import { UploadStatus } from "../uploads/UploadStatus";
import { useUpload } from "../uploads/useUpload";

/** "Add images to training/test dataset" (C-10): choose, Upload images, Save changes. */
export function AddImagesDialog({ dataset, onDismiss }: { dataset: ProjectDataset; onDismiss: () => void }) {
  const { dataset: words, uploads, common } = useTexts();
  const [picks, setPicks] = useState<Picks>(NO_PICKS);
  const { state, upload, save, tried, stop, reset } = useUpload();
  const isAtWork = state.step === "uploading" || state.step === "saving";
  const files = state.step === "uploaded" ? state.files : null;
  const leave = () => {
    stop();
    onDismiss();
  };
  const finish = async () => {
    if (files === null) return;
    if (await tried(() => save(dataset.arn, files, picks.labelsFromFolders))) {
      notify({ type: "success", content: uploads.added(files.length) });
      onDismiss();
    }
  };
  return (
    <Modal
      visible
      size="large"
      header={dataset.type === "TRAIN" ? words.addToTraining : words.addToTest}
      onDismiss={leave}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={leave}>
              {common.cancel}
            </Button>
            {files === null || files.length === 0 ? (
              <Button
                variant="primary"
                disabled={picks.good.length === 0}
                loading={isAtWork}
                onClick={() => void tried(() => upload(dataset.arn, picks))}
              >
                {uploads.upload}
              </Button>
            ) : (
              <Button variant="primary" onClick={() => void finish()}>
                {common.save}
              </Button>
            )}
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <DropZone picks={picks} onChange={setPicks} isDisabled={isAtWork || files !== null} />
        <UploadStatus state={state} onRetry={reset} />
      </SpaceBetween>
    </Modal>
  );
}
