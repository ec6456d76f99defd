/** Addresses in S3 as people type them. */

export interface S3Address {
  readonly bucket: string;
  readonly key: string;
}

/** Bucket and key of `s3://bucket/key`, or null where this is not such an address. The key may be empty. */
export function parseS3(text: string): S3Address | null {
  const match = /^s3:\/\/([^/\s]{3,63})(?:\/(.*))?$/s.exec(text.trim());
  if (match === null) return null;
  return { bucket: match[1] ?? "", key: match[2] ?? "" };
}

/** A folder's address with the slash that ends it. */
export function asFolder(text: string): string {
  const trimmed = text.trim();
  return trimmed.endsWith("/") ? trimmed : `${trimmed}/`;
}
