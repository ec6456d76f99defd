import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useApi } from "../../../api/client";
import { keys, useScope } from "../../../state/live";
import type { DatasetEntry } from "../../../api/types";
import { lookUp } from "../io/saving";
import type { Annotations, ImageSize } from "../model/annotations";
import { inFrame } from "../model/geometry";
import { readLine } from "../model/lines";

/** An image as the editor shows it. */
export interface EditorImage {
  readonly entry: DatasetEntry;
  /** What the dataset says; boxes are in the frame of `size`. */
  readonly saved: Annotations;
  /** Pixels of the upright picture. */
  readonly size: ImageSize;
}

/** The entry of an image and the size of its picture; null where the image is no longer in the dataset. */
export function useEditorImage(dataset: string, sourceRef: string | undefined) {
  const api = useApi();
  const scope = useScope();
  const answer = useQuery({
    queryKey: keys.dataset(scope, dataset, "editor", sourceRef),
    enabled: sourceRef !== undefined,
    staleTime: 60_000,
    queryFn: async () => {
      const [entry] = await lookUp(api, dataset, [sourceRef ?? ""]);
      if (!entry) return null;
      const { bucket, key } = entry;
      const { images } = await api.post("/images/facts", { images: [{ bucket, key }] });
      const facts = images[0];
      const { width = null, height = null, error } = facts ?? {};
      if (width === null || height === null) throw new Error(error?.message ?? entry.source_ref);
      return { entry, size: { width, height } };
    },
  });
  const image = useMemo((): EditorImage | null | undefined => {
    if (!answer.data) return answer.data;
    const { entry, size } = answer.data;
    return { entry, size, saved: inFrame(readLine(entry.line).annotations, size) };
  }, [answer.data]);
  return { ...answer, image };
}
