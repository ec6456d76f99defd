import Box from "@cloudscape-design/components/box";
import { useEffect, useState } from "react";
import { presigned } from "../aws/sign";
import { type Identity, scopeOf, useIdentity } from "../state/identity";
import { useTexts } from "../texts";

export interface PictureSource {
  bucket: string;
  objectKey: string;
  version?: string | undefined;
  /** Pixels that are wanted at most, across and down; the emulator rounds up to one of its sizes. */
  width: number;
}

const MEMORY = 5_000;
const known = new Map<string, string>();

/** The address of an upright, re-encoded JPEG of an S3 object; null until it is signed. */
export function usePreviewAddress({ bucket, objectKey, version, width }: PictureSource): string | null {
  const identity = useIdentity();
  const id = memoryKey(identity, bucket, objectKey, version, width);
  const [signed, setSigned] = useState<{ id: string; address: string } | null>(null);
  useEffect(() => {
    if (known.has(id)) return;
    let isCurrent = true;
    const query = { bucket, key: objectKey, w: String(width), ...(version === undefined ? {} : { version }) };
    void presigned(identity, "/console/api/preview", query).then((address) => {
      if (known.size >= MEMORY) known.clear();
      known.set(id, address);
      if (isCurrent) setSigned({ id, address });
    });
    return () => {
      isCurrent = false;
    };
  }, [id, identity, bucket, objectKey, version, width]);
  return known.get(id) ?? (signed?.id === id ? signed.address : null);
}

/** Addresses hold for two hours and are made anew every hour. */
function memoryKey(identity: Identity, ...parts: readonly unknown[]): string {
  return JSON.stringify([scopeOf(identity), Math.floor(Date.now() / 3_600_000), ...parts]);
}

interface Props extends PictureSource {
  alt: string;
  className?: string;
  onLoad?: (image: HTMLImageElement) => void;
}

/** A picture of S3 by its preview; one that is gone or no picture says so in its place. */
export function Picture({ alt, className, onLoad, ...source }: Props) {
  const { common } = useTexts();
  const address = usePreviewAddress(source);
  const [failed, setFailed] = useState<string | null>(null);
  if (address !== null && failed === address) {
    return (
      <div className={`picture-missing ${className ?? ""}`} role="img" aria-label={alt}>
        <Box color="text-status-inactive" fontSize="body-s">
          {common.pictureMissing}
        </Box>
      </div>
    );
  }
  return (
    <img
      className={className}
      src={address ?? undefined}
      alt={alt}
      loading="lazy"
      decoding="async"
      draggable={false}
      onLoad={(event) => onLoad?.(event.currentTarget)}
      onError={() => setFailed(address)}
    />
  );
}
