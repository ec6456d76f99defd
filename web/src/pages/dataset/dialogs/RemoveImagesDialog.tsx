import Box from "@cloudscape-design/components/box";
import { notify } from "../../../app/shellState";
import { useApi } from "../../../api/client";
import { useRekognition } from "../../../aws/clients";
import { DeleteDialog } from "../../../components/deletion/DeleteDialog";
import { useTexts } from "../../../texts";
import { settled } from "../io/saving";

/** As many images as one call takes. */
const BATCH = 10_000;

interface Props {
  readonly dataset: string;
  readonly count: number;
  /** Addresses of the chosen images. */
  readonly chosen: () => Promise<string[]>;
  readonly onDone: () => void;
  readonly onClose: () => void;
}

/** Takes images out of a dataset; the files in S3 stay. AWS has nothing for it. */
export function RemoveImagesDialog({ dataset: arn, count, chosen, onDone, onClose }: Props) {
  const { dataset } = useTexts();
  const api = useApi();
  const client = useRekognition();
  const remove = async () => {
    const refs = await chosen();
    for (let start = 0; start < refs.length; start += BATCH) {
      await settled(client, arn);
      await api.post("/dataset/remove", { dataset: arn, source_refs: refs.slice(start, start + BATCH) });
    }
    await settled(client, arn);
  };
  return (
    <DeleteDialog
      title={dataset.removeImages}
      remove={remove}
      onDeleted={() => {
        notify({ type: "success", content: dataset.imagesRemoved(count) });
        onDone();
      }}
      onClose={onClose}
    >
      <Box variant="p">{dataset.removeWarning(count)}</Box>
    </DeleteDialog>
  );
}
