/** What the first bytes of a picture say of it, without decoding it. */

import type { ImageSize } from "./annotations";

export type Picture = { readonly format: "PNG" | "JPEG"; readonly size: ImageSize };

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Start-of-frame markers of JPEG: C0 to CF without DHT, JPG and DAC. */
const isFrameMarker = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

/** How many bytes of a file are read for its size; cameras put previews and colour profiles before the frame. */
export const HEADER_BYTES = 512 * 1024;

/** Format and size in pixels (as stored, EXIF not applied), or null where this is neither PNG nor JPEG. */
export function readPicture(bytes: Uint8Array): Picture | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return pngOf(view) ?? jpegOf(view);
}

function pngOf(view: DataView): Picture | null {
  if (view.byteLength < 24 || PNG_SIGNATURE.some((byte, place) => view.getUint8(place) !== byte)) return null;
  return { format: "PNG", size: { width: view.getUint32(16), height: view.getUint32(20) } };
}

function jpegOf(view: DataView): Picture | null {
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return null;
  let place = 2;
  while (place + 9 <= view.byteLength) {
    if (view.getUint8(place) !== 0xff) return null;
    const marker = view.getUint8(place + 1);
    if (marker === 0xff) {
      place += 1; // a fill byte before the marker
      continue;
    }
    if (isFrameMarker(marker)) {
      return { format: "JPEG", size: { width: view.getUint16(place + 7), height: view.getUint16(place + 5) } };
    }
    place += 2 + view.getUint16(place + 2);
  }
  return null;
}
