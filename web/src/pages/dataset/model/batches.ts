/** Lines into bodies of UpdateDatasetEntries: its blob has at most 5 MiB before base64 (D-12). */

export const MAXIMUM_BATCH_BYTES = 5_242_880;

/**
 * Bodies of JSON Lines in the order of the lines, each as large as allowed.
 *
 * @throws RangeError for one line that alone is larger than a body may be
 */
export function batchedLines(lines: Iterable<string>, limit: number = MAXIMUM_BATCH_BYTES): Uint8Array<ArrayBuffer>[] {
  const encoder = new TextEncoder();
  const batches: Uint8Array<ArrayBuffer>[] = [];
  let parts: Uint8Array[] = [];
  let bytes = 0;
  const finish = (): void => {
    if (parts.length > 0) batches.push(joined(parts, bytes));
    parts = [];
    bytes = 0;
  };
  for (const line of lines) {
    const encoded = encoder.encode(`${line}\n`);
    if (encoded.length > limit) throw new RangeError(`A line has ${String(encoded.length)} bytes.`);
    if (bytes + encoded.length > limit) finish();
    parts.push(encoded);
    bytes += encoded.length;
  }
  finish();
  return batches;
}

function joined(parts: readonly Uint8Array[], bytes: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(bytes);
  let place = 0;
  for (const part of parts) {
    whole.set(part, place);
    place += part.length;
  }
  return whole;
}
