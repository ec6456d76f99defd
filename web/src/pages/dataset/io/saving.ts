import {
  DescribeDatasetCommand,
  type RekognitionClient,
  UpdateDatasetEntriesCommand,
} from "@aws-sdk/client-rekognition";
import { codeOf } from "../../../components/ErrorAlert";
import type { Api } from "../../../api/client";
import { type Annotations, sameAnnotations } from "../model/annotations";
import { batchedLines } from "../model/batches";
import { inFrame } from "../model/geometry";
import type { Draft } from "../model/history";
import { fileName, readLine, writeLine } from "../model/lines";
import type { DatasetEntry } from "../../../api/types";

/** As many as a look-up takes. */
const LOOKUP = 1_000;
const AT_WORK = new Set(["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"]);
const MAXIMUM_ATTEMPTS = 10;
const FIRST_WAIT_MS = 60;
const LONGEST_WAIT_MS = 1_000;

/** Why some of the work can't be saved: the line of this image is longer than Q-16 allows. */
export class LineTooLongError extends Error {
  constructor(readonly image: string) {
    super(image);
    this.name = "LineTooLongError";
  }
}

/** Why nothing was saved: others changed these images in the dataset since the work on them began. */
export class ChangedElsewhereError extends Error {
  constructor(readonly sourceRefs: readonly string[]) {
    super(sourceRefs.map(fileName).join(", "));
    this.name = "ChangedElsewhereError";
  }
}

export interface Progress {
  done: number;
  total: number;
}

export interface SaveResult {
  saved: number;
  /** Images that are no longer in the dataset. */
  missing: string[];
}

/**
 * Writes a draft into the dataset. Lines are read again first: what else they say may have changed since. Where they no
 * longer say of labels and boxes what the draft began with, nothing is written unless `overwrites`: ChangedElsewhereError.
 */
export async function saveDraft(
  api: Api,
  client: RekognitionClient,
  dataset: string,
  draft: Draft,
  overwrites: boolean,
  onProgress: (progress: Progress) => void,
): Promise<SaveResult> {
  const refs = [...draft.changed.keys()];
  const lines: string[] = [];
  const missing: string[] = [];
  const changedElsewhere: string[] = [];
  const now = new Date();
  for (let start = 0; start < refs.length; start += LOOKUP) {
    const part = refs.slice(start, start + LOOKUP);
    const found = await lookUp(api, dataset, part);
    for (const [index, sourceRef] of part.entries()) {
      const entry = found[index];
      const annotations = draft.changed.get(sourceRef);
      if (!entry) missing.push(sourceRef);
      else if (annotations) {
        const line = readLine(entry.line);
        if (!says(line.annotations, [draft.saved.get(sourceRef), annotations])) changedElsewhere.push(sourceRef);
        lines.push(lineOf(entry, () => writeLine(line, annotations, now)));
      }
    }
    onProgress({ done: lines.length / 2, total: refs.length });
  }
  if (changedElsewhere.length > 0 && !overwrites) throw new ChangedElsewhereError(changedElsewhere);
  await updateEntries(client, dataset, lines, (done) =>
    onProgress({ done: (refs.length + done) / 2, total: refs.length }),
  );
  return { saved: lines.length, missing };
}

/** Whether a line says one of these, whatever the frame that its boxes are measured in. */
function says(annotations: Annotations, these: readonly (Annotations | undefined)[]): boolean {
  return these.some((one) => {
    if (one === undefined) return false;
    return sameAnnotations(one.frame === null ? annotations : inFrame(annotations, one.frame), one);
  });
}

export async function lookUp(
  api: Api,
  dataset: string,
  sourceRefs: readonly string[],
): Promise<(DatasetEntry | null)[]> {
  const answer = await api.post("/dataset/lookup", {
    dataset,
    source_refs: sourceRefs,
  });
  return answer.entries;
}

function lineOf(entry: DatasetEntry, write: () => string): string {
  try {
    return write();
  } catch (error) {
    if (error instanceof RangeError) throw new LineTooLongError(fileName(entry.source_ref));
    throw error;
  }
}

/** UpdateDatasetEntries, body after body: the dataset takes one at a time (ResourceInUseException). */
export async function updateEntries(
  client: RekognitionClient,
  dataset: string,
  lines: readonly string[],
  onProgress: (done: number) => void = () => undefined,
): Promise<void> {
  const batches = batchedLines(lines);
  for (const [index, batch] of batches.entries()) {
    await settled(client, dataset);
    await sent(client, dataset, batch);
    const { status, message } = await settled(client, dataset);
    if (status === "UPDATE_FAILED") throw new Error(message);
    onProgress((lines.length * (index + 1)) / batches.length);
  }
}

async function sent(client: RekognitionClient, dataset: string, batch: Uint8Array): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await client.send(new UpdateDatasetEntriesCommand({ DatasetArn: dataset, Changes: { GroundTruth: batch } }));
      return;
    } catch (error) {
      // Somebody else's change was quicker: ours follows when it is done.
      if (codeOf(error) !== "ResourceInUseException" || attempt === MAXIMUM_ATTEMPTS) throw error;
      await settled(client, dataset);
    }
  }
}

/** Waits until the dataset is not at work; its last state and the message of it. */
export async function settled(
  client: RekognitionClient,
  dataset: string,
): Promise<{ status: string; message: string }> {
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 1.5, LONGEST_WAIT_MS)) {
    const { DatasetDescription } = await client.send(new DescribeDatasetCommand({ DatasetArn: dataset }));
    const status = DatasetDescription?.Status ?? "";
    if (!AT_WORK.has(status)) return { status, message: DatasetDescription?.StatusMessage ?? "" };
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}
