import { DeleteDatasetCommand } from "@aws-sdk/client-rekognition";
import Box from "@cloudscape-design/components/box";
import { useNavigate } from "react-router";
import type { Project, ProjectDataset } from "../../api/types";
import { paths } from "../../app/paths";
import { notify } from "../../app/shellState";
import { useRekognition } from "../../aws/clients";
import { useTexts } from "../../texts";
import { DeleteDialog } from "./DeleteDialog";

interface Props {
  project: Project;
  dataset: ProjectDataset;
  onClose: () => void;
}

/** Delete training dataset / Delete test dataset (C-27); then the project page, or Create dataset where none is left (C-9). */
export function DeleteDatasetDialog({ project, dataset, onClose }: Props) {
  const { deletion } = useTexts();
  const rekognition = useRekognition();
  const navigate = useNavigate();
  const isLast = project.datasets.every((one) => one.arn === dataset.arn);
  return (
    <DeleteDialog
      title={deletion.dataset[dataset.type]}
      remove={() => rekognition.send(new DeleteDatasetCommand({ DatasetArn: dataset.arn }))}
      onDeleted={() => {
        notify({ type: "success", content: deletion.datasetBegun(dataset.name) });
        void navigate(isLast ? paths.createDataset(project.name) : paths.project(project.name));
      }}
      onClose={onClose}
    >
      <Box variant="p">{deletion.sure(dataset.name)}</Box>
      <Box variant="p">{deletion.datasetBody[dataset.type]}</Box>
    </DeleteDialog>
  );
}
