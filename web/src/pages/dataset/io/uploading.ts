import type { RekognitionClient } from "@aws-sdk/client-rekognition";
import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import type { Api } from "../../../api/client";
import { codeOf } from "../../../components/ErrorAlert";
import { readLine, unlabelledLine, writeLine } from "../model/lines";
import { folderLabel, keyOf, numbered, type Picked, type Refusal, refusalOf } from "../model/uploads";
import { updateEntries } from "./saving";

/** Files on their way at once: more would not be quicker on one origin. */
const AT_ONCE = 6;
const MAXIMUM_NUMBER = 10_000;

export interface Uploaded {
  readonly picked: Picked;
  readonly sourceRef: string;
}

export interface UploadProgress {
  readonly done: number;
  readonly failed: readonly { readonly picked: Picked; readonly reason: string }[];
}

export interface Place {
  readonly bucket: string;
  readonly prefix: string;
}

/** Where the dataset's new images go: where its images live (D-17). */
export const uploadPlace = (api: Api, dataset: string) => api.get("/dataset/uploads", { dataset });

/** Files that can be images of a dataset, and the others with the reason. */
export async function sorted(
  picked: readonly Picked[],
): Promise<{ good: Picked[]; bad: { picked: Picked; refusal: Refusal }[] }> {
  const good: Picked[] = [];
  const bad: { picked: Picked; refusal: Refusal }[] = [];
  await eachAtOnce(picked, async (one) => {
    const refusal = await refusalOf(one.file);
    if (refusal === null) good.push(one);
    else bad.push({ picked: one, refusal });
  });
  const place = new Map(picked.map((one, index) => [one, index]));
  good.sort((one, other) => (place.get(one) ?? 0) - (place.get(other) ?? 0));
  return { good, bad };
}

/**
 * Puts files into S3. A name that is taken there is not overwritten: the file gets a number.
 * A file that fails is reported and the others go on. Stops where `signal` says so.
 */
export async function uploadFiles(
  client: S3Client,
  place: Place,
  picked: readonly Picked[],
  signal: AbortSignal,
  onProgress: (progress: UploadProgress) => void,
): Promise<Uploaded[]> {
  const uploaded = new Map<Picked, Uploaded>();
  const failed: { picked: Picked; reason: string }[] = [];
  await eachAtOnce(picked, async (one) => {
    if (isAborted(signal)) return;
    try {
      uploaded.set(one, { picked: one, sourceRef: await put(client, place, one, signal) });
    } catch (error) {
      if (!isAborted(signal))
        failed.push({ picked: one, reason: error instanceof Error ? error.message : String(error) });
    }
    onProgress({ done: uploaded.size, failed: [...failed] });
  });
  return picked.flatMap((one) => uploaded.get(one) ?? []);
}

// A function, since a signal may abort while something is awaited, which the compiler does not see.
const isAborted = (signal: AbortSignal) => signal.aborted;

async function put(
  client: S3Client,
  { bucket, prefix }: Place,
  { file, path }: Picked,
  signal: AbortSignal,
): Promise<string> {
  const wanted = keyOf(prefix, path);
  // The whole file as bytes: browsers can stream no body without HTTP/2.
  const body = new Uint8Array(await file.arrayBuffer());
  for (let count = 1; ; count++) {
    const key = count === 1 ? wanted : numbered(wanted, count);
    try {
      await client.send(
        new PutObjectCommand({
          Bucket: bucket,
          Key: key,
          Body: body,
          ContentType: file.type || "image/jpeg",
          IfNoneMatch: "*",
        }),
        { abortSignal: signal },
      );
      return `s3://${bucket}/${key}`;
    } catch (error) {
      if (codeOf(error) !== "PreconditionFailed" || count === MAXIMUM_NUMBER) throw error;
    }
  }
}

/** Makes uploaded files entries of the dataset: unlabelled (D-6), or with the label of their folder. */
export async function addEntries(
  client: RekognitionClient,
  dataset: string,
  uploaded: readonly Uploaded[],
  labelsFromFolders: boolean,
): Promise<void> {
  const now = new Date();
  const all = uploaded.map(({ picked }) => picked);
  const lines = uploaded.map(({ picked, sourceRef }) => {
    const line = unlabelledLine(sourceRef);
    const label = labelsFromFolders ? folderLabel(picked.path, all) : null;
    return label === null ? line : writeLine(readLine(line), { labels: [label], boxes: [], frame: null }, now);
  });
  await updateEntries(client, dataset, lines);
}

async function eachAtOnce<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
}
