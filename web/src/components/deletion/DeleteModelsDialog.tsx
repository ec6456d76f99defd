import { DeleteProjectVersionCommand } from "@aws-sdk/client-rekognition";
import Box from "@cloudscape-design/components/box";
import type { Version } from "../../api/types";
import { useRekognition } from "../../aws/clients";
import { useTexts } from "../../texts";
import { DeleteDialog } from "./DeleteDialog";

interface Props {
  versions: readonly Version[];
  onClose: () => void;
  onDeleted?: () => void;
}

/** Delete model (C-26). The deletion goes on when the window is closed. */
export function DeleteModelsDialog({ versions, ...rest }: Props) {
  const { deletion } = useTexts();
  const rekognition = useRekognition();
  const remove = async () => {
    for (const version of versions) {
      await rekognition.send(new DeleteProjectVersionCommand({ ProjectVersionArn: version.arn }));
    }
  };
  return (
    <DeleteDialog title={deletion.model} remove={remove} {...rest}>
      {versions.map((version) => (
        <Box key={version.arn} variant="p">
          {deletion.modelBody(version.name)}
        </Box>
      ))}
    </DeleteDialog>
  );
}
