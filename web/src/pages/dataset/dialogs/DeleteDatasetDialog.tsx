import { DeleteDatasetCommand } from "@aws-sdk/client-rekognition";
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { paths } from "../../../app/paths";
import { notify } from "../../../app/shellState";
import type { Project, ProjectDataset } from "../../../api/types";
import { useRekognition } from "../../../aws/clients";
import { useTexts } from "../../../texts";
import { ConfirmTyped } from "./ConfirmTyped";

interface Props {
  readonly project: Project;
  readonly dataset: ProjectDataset;
  readonly onDismiss: () => void;
}

/** Delete training or test dataset (C-27). Afterwards: the project page, or Create dataset where no dataset is left. */
export function DeleteDatasetDialog({ project, dataset: doomed, onDismiss }: Props) {
  const { dataset } = useTexts();
  const client = useRekognition();
  const navigate = useNavigate();
  const title = doomed.type === "TRAIN" ? dataset.deleteTraining : dataset.deleteTest;
  const remove = useMutation({
    mutationFn: () => client.send(new DeleteDatasetCommand({ DatasetArn: doomed.arn })),
    onSuccess: () => {
      const isLast = project.datasets.every((one) => one.arn === doomed.arn);
      notify({ type: "success", content: dataset.deleting(doomed.name) });
      void navigate(isLast ? paths.createDataset(project.name) : paths.project(project.name));
    },
  });
  return (
    <ConfirmTyped
      title={title}
      warning={dataset.deleteWarning(doomed.name, doomed.total_entries)}
      action={title}
      error={remove.error}
      isPending={remove.isPending}
      onConfirm={() => remove.mutate()}
      onDismiss={onDismiss}
    />
  );
}
