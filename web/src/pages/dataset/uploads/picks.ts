import type { Picked, Refusal } from "../model/uploads";

/** What the reader has picked from their computer so far. */
export interface Picks {
  readonly good: readonly Picked[];
  readonly bad: readonly { readonly picked: Picked; readonly refusal: Refusal }[];
  readonly labelsFromFolders: boolean;
}

export const NO_PICKS: Picks = { good: [], bad: [], labelsFromFolders: false };
