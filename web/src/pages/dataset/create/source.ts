import { parseS3 } from "../model/s3";
import { NO_PICKS, type Picks } from "../uploads/picks";

export type SourceKind = "s3" | "upload" | "copy" | "manifest";

/** Where a dataset's images come from (D-3); every kind keeps what was entered while another is looked at. */
export interface Source {
  readonly kind: SourceKind;
  readonly folder: string;
  readonly labelsFromFolders: boolean;
  readonly picks: Picks;
  readonly copied: { readonly value: string; readonly label: string } | null;
  readonly manifest: string;
}

export const EMPTY_SOURCE: Source = {
  kind: "s3",
  folder: "",
  labelsFromFolders: false,
  picks: NO_PICKS,
  copied: null,
  manifest: "",
};

/** Which field of the chosen kind is not right yet, or null. */
export function sourceProblem(source: Source): "folder" | "copied" | "manifest" | null {
  switch (source.kind) {
    case "s3":
      return parseS3(source.folder) === null ? "folder" : null;
    case "upload":
      return null;
    case "copy":
      return source.copied === null ? "copied" : null;
    case "manifest": {
      const address = parseS3(source.manifest);
      return address === null || address.key === "" || address.key.endsWith("/") ? "manifest" : null;
    }
  }
}
