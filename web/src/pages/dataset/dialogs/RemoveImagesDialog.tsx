import { useMutation } from "@tanstack/react-query";
import { notify } from "../../../app/shellState";
import { useApi } from "../../../api/client";
import { useRekognition } from "../../../aws/clients";
import { useTexts } from "../../../texts";
import { settled } from "../io/saving";
import { ConfirmTyped } from "./ConfirmTyped";

/** As many images as one call takes. */
const BATCH = 10_000;

interface Props {
  readonly dataset: string;
  readonly count: number;
  /** Addresses of the chosen images. */
  readonly chosen: () => Promise<string[]>;
  readonly onDone: () => void;
  readonly onDismiss: () => void;
}

/** Takes images out of a dataset; the files in S3 stay. AWS has nothing for it. */
export function RemoveImagesDialog({ dataset: arn, count, chosen, onDone, onDismiss }: Props) {
  const { dataset } = useTexts();
  const api = useApi();
  const client = useRekognition();
  const remove = useMutation({
    mutationFn: async () => {
      const refs = await chosen();
      for (let start = 0; start < refs.length; start += BATCH) {
        await settled(client, arn);
        await api.post("/dataset/remove", { dataset: arn, source_refs: refs.slice(start, start + BATCH) });
      }
      await settled(client, arn);
    },
    onSuccess: () => {
      notify({ type: "success", content: dataset.imagesRemoved(count) });
      onDone();
    },
  });
  return (
    <ConfirmTyped
      title={dataset.removeImages}
      warning={dataset.removeWarning(count)}
      action={dataset.removeImages}
      error={remove.error}
      isPending={remove.isPending}
      onConfirm={() => remove.mutate()}
      onDismiss={onDismiss}
    />
  );
}
