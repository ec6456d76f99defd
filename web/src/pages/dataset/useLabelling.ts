import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { notify } from "../../app/shellState";
import { useApi } from "../../api/client";
import { useRekognition } from "../../aws/clients";
import { keys, useScope } from "../../state/live";
import { useTexts } from "../../texts";
import type { DraftStore, Saved } from "./io/draftStore";
import { entriesPage } from "./io/queries";
import { ChangedElsewhereError, LineTooLongError, type Progress, saveDraft } from "./io/saving";
import type { DatasetEntry } from "../../api/types";
import type { Filters } from "./io/filters";
import type { ChoiceStore } from "./gallery/selectionStore";
import { withLabel, withoutLabel } from "./model/annotations";
import { readLine } from "./model/lines";
import { countSelected, NOTHING_SELECTED } from "./model/selection";

/** As many entries as one call brings. */
const CALL = 1_000;

/** What labelling mode does with the chosen images and with the unsaved work. */
export function useLabelling(dataset: string, filters: Filters, choice: ChoiceStore, draft: DraftStore) {
  const api = useApi();
  const rekognition = useRekognition();
  const client = useQueryClient();
  const scope = useScope();
  const texts = useTexts();
  const { labelling } = texts;
  const [progress, setProgress] = useState<Progress | null>(null);
  const [gathering, setGathering] = useState<Progress | null>(null);

  /** The chosen images, in the order of the gallery. */
  const chosenEntries = async (): Promise<DatasetEntry[]> => {
    const found: DatasetEntry[] = [];
    const { selection } = choice.get();
    const total = countSelected(selection);
    try {
      for (const { from, to } of selection.ranges) {
        for (let start = from; start < to; start += CALL) {
          if (total > CALL) setGathering({ done: found.length, total });
          found.push(...(await entriesPage(api, dataset, filters, start, Math.min(CALL, to - start))).entries);
        }
      }
    } finally {
      setGathering(null);
    }
    return found;
  };

  const assign = useMutation({
    mutationFn: async ({ label, mode }: { label: string; mode: "assign" | "remove" | "toggle" }) => {
      const images = (await chosenEntries()).map(savedOf);
      const has = (image: Saved) =>
        (draft.get().changed.get(image.sourceRef) ?? image.annotations).labels.includes(label);
      const removes = mode === "remove" || (mode === "toggle" && images.every(has));
      const changed = removes
        ? draft.edit("removeLabel", images, (one) => withoutLabel(one, label))
        : draft.edit("assignLabel", images, (one) => withLabel(one, label));
      return { changed, removes };
    },
    onError: (error) => notify({ id: "labelling", type: "error", content: error.message }),
  });

  const save = useMutation({
    mutationFn: async ({ overwrites }: { overwrites: boolean }) => {
      draft.lock(true);
      try {
        const result = await saveDraft(api, rekognition, dataset, draft.get(), overwrites, setProgress);
        await client.invalidateQueries({ queryKey: keys.dataset(scope, dataset) });
        draft.discard();
        return result;
      } finally {
        draft.lock(false);
        setProgress(null);
      }
    },
    onSuccess: ({ saved, missing }) => {
      choice.set({ ...choice.get(), selection: NOTHING_SELECTED });
      notify({ id: "labelling", type: "success", content: labelling.saved(saved) });
      if (missing.length > 0) notify({ id: "missing", type: "warning", content: labelling.missing(missing.length) });
    },
  });
  const changedElsewhere = save.error instanceof ChangedElsewhereError ? save.error.sourceRefs : null;
  const saveError =
    save.error instanceof LineTooLongError ? new Error(labelling.lineTooLong(save.error.image)) : save.error;

  return { assign, save, saveError, changedElsewhere, progress, gathering, chosenEntries };
}

/** What an entry says in the dataset. */
export function savedOf(entry: DatasetEntry): Saved {
  return { sourceRef: entry.source_ref, annotations: readLine(entry.line).annotations };
}
