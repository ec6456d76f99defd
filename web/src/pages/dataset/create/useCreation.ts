import { CreateDatasetCommand, type DatasetSource } from "@aws-sdk/client-rekognition";
import { useState } from "react";
import { useApi } from "../../../api/client";
import type { DatasetType, Project } from "../../../api/types";
import { useRekognition } from "../../../aws/clients";
import { asFolder, parseS3 } from "../model/s3";
import { useUpload } from "../uploads/useUpload";
import type { Source } from "./source";

/** One dataset on its way. */
export interface Creation {
  readonly type: DatasetType;
  readonly source: Source;
  /** Importing a folder is a task of the emulator. */
  readonly taskId: number | null;
  readonly arn: string | null;
  /** Files of the reader's computer follow when the dataset is there. */
  readonly isUploading: boolean;
  readonly error: unknown;
}

export interface Wanted {
  readonly type: DatasetType;
  readonly source: Source;
}

/** Makes the datasets that the form asks for, one after the other; a failure of one leaves the other. */
export function useCreation(project: Project) {
  const api = useApi();
  const client = useRekognition();
  const uploads = { TRAIN: useUpload(), TEST: useUpload() };
  const [items, setItems] = useState<readonly Creation[]>([]);
  const change = (type: DatasetType, next: Partial<Creation>) =>
    setItems((old) => old.map((one) => (one.type === type ? { ...one, ...next } : one)));

  const begin = async ({ type, source }: Wanted) => {
    if (source.kind === "s3") {
      const { task } = await api.post("/imports/folder", {
        project: project.arn,
        dataset_type: type,
        s3_uri: asFolder(source.folder),
        labels_from_folders: source.labelsFromFolders,
      });
      change(type, { taskId: task.id });
      return;
    }
    const DatasetSource = datasetSource(source);
    const { DatasetArn = null } = await client.send(
      new CreateDatasetCommand({ ProjectArn: project.arn, DatasetType: type, ...(DatasetSource && { DatasetSource }) }),
    );
    const hasFiles = source.kind === "upload" && source.picks.good.length > 0;
    change(type, { arn: DatasetArn, isUploading: hasFiles });
    if (DatasetArn === null || !hasFiles) return;
    const { upload, save, tried } = uploads[type];
    await tried(async () => {
      const files = await upload(DatasetArn, source.picks);
      await save(DatasetArn, files, source.picks.labelsFromFolders);
    });
    change(type, { isUploading: false });
  };

  const create = async (wanted: readonly Wanted[]) => {
    setItems(wanted.map((one) => ({ ...one, taskId: null, arn: null, isUploading: false, error: null })));
    await Promise.all(
      wanted.map(async (one) => {
        try {
          await begin(one);
        } catch (error) {
          change(one.type, { error });
        }
      }),
    );
  };
  return { items, uploads, create, back: () => setItems([]) };
}

/** The source of CreateDataset (D-4); none makes an empty dataset. */
export function datasetSource(source: Source): DatasetSource | null {
  if (source.kind === "copy" && source.copied) return { DatasetArn: source.copied.value };
  const address = source.kind === "manifest" ? parseS3(source.manifest) : null;
  return address && { GroundTruthManifest: { S3Object: { Bucket: address.bucket, Name: address.key } } };
}
