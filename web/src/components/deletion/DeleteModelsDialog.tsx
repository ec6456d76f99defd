import { DeleteProjectVersionCommand } from "@aws-sdk/client-rekognition";
import Box from "@cloudscape-design/components/box";
import { useMutation } from "@tanstack/react-query";
import type { Project, Version } from "../../api/types";
import { useRekognition } from "../../aws/clients";
import { useTexts } from "../../texts";
import { ConfirmDialog } from "../ConfirmDialog";

interface Props {
  project: Project;
  versions: readonly Version[];
  onClose: () => void;
  onDeleted?: () => void;
}

/** Delete model (C-26): type `delete`. The deletion goes on when the window is closed. */
export function DeleteModelsDialog({ versions, onClose, onDeleted }: Props) {
  const { deletion } = useTexts();
  const rekognition = useRekognition();
  const remove = useMutation({
    mutationFn: async () => {
      for (const version of versions) {
        await rekognition.send(new DeleteProjectVersionCommand({ ProjectVersionArn: version.arn }));
      }
    },
    onSuccess: () => {
      onDeleted?.();
      onClose();
    },
  });
  return (
    <ConfirmDialog
      title={deletion.model}
      button={deletion.model}
      word="delete"
      wordLabel={deletion.confirm("delete")}
      isPending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      {versions.map((version) => (
        <Box key={version.arn} variant="p">
          {deletion.modelBody(version.name)}
        </Box>
      ))}
    </ConfirmDialog>
  );
}
