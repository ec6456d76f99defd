import { DeleteDatasetCommand } from "@aws-sdk/client-rekognition";
import Box from "@cloudscape-design/components/box";
import { useMutation } from "@tanstack/react-query";
import type { ProjectDataset } from "../../api/types";
import { useRekognition } from "../../aws/clients";
import { useTexts } from "../../texts";
import { ConfirmDialog } from "../ConfirmDialog";

interface Props {
  dataset: ProjectDataset;
  onClose: () => void;
  onDeleted?: () => void;
}

/** Delete training dataset / Delete test dataset (C-27): type `delete`. */
export function DeleteDatasetDialog({ dataset, onClose, onDeleted }: Props) {
  const { deletion } = useTexts();
  const rekognition = useRekognition();
  const remove = useMutation({
    mutationFn: () => rekognition.send(new DeleteDatasetCommand({ DatasetArn: dataset.arn })),
    onSuccess: () => {
      onClose();
      onDeleted?.();
    },
  });
  return (
    <ConfirmDialog
      title={deletion.dataset[dataset.type]}
      button={deletion.dataset[dataset.type]}
      word="delete"
      wordLabel={deletion.confirm("delete")}
      isPending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <Box variant="p">{deletion.sure(dataset.name)}</Box>
      <Box variant="p">{deletion.datasetBody[dataset.type]}</Box>
    </ConfirmDialog>
  );
}
