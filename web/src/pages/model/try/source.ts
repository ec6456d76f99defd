import type { CustomLabel, Image } from "@aws-sdk/client-rekognition";

/** An image to analyse: bytes that the browser has, or an object of S3. */
export type Source =
  | { kind: "bytes"; name: string; blob: Blob }
  | { kind: "s3"; name: string; bucket: string; objectKey: string };

/** What the model said of an image, and how long that took. */
export interface Analysis {
  readonly source: Source;
  readonly labels: readonly CustomLabel[];
  readonly milliseconds: number;
}

/** DetectCustomLabels takes bytes up to 4 MB; larger images go by S3. */
export const MAXIMUM_BYTES = 4 * 1024 * 1024;

/** Bucket and key of s3://bucket/key, or null. */
export function parseUri(text: string): { bucket: string; objectKey: string } | null {
  const match = /^s3:\/\/([^/]+)\/(.+)$/.exec(text.trim());
  return match?.[1] && match[2] ? { bucket: match[1], objectKey: match[2] } : null;
}

/** Whether bytes begin as JPEG or PNG do, whatever the file is called. */
export async function isPicture(blob: Blob): Promise<boolean> {
  const head = new Uint8Array(await blob.slice(0, 4).arrayBuffer());
  const isJpeg = head[0] === 0xff && head[1] === 0xd8;
  const isPng = head[0] === 0x89 && head[1] === 0x50 && head[2] === 0x4e && head[3] === 0x47;
  return isJpeg || isPng;
}

/** The image as the operation takes it. */
export async function imageOf(source: Source): Promise<Image> {
  if (source.kind === "s3") return { S3Object: { Bucket: source.bucket, Name: source.objectKey } };
  return { Bytes: new Uint8Array(await source.blob.arrayBuffer()) };
}
