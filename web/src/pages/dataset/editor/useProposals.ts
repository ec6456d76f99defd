import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError, useApi } from "../../../api/client";
import { createStore, useStore } from "../../../state/store";
import type { Rectangle } from "../model/annotations";
import type { EditorImage } from "./useImage";

/** Whether this emulator proposes boxes; it says so when it is first asked. */
const offered = createStore(true);
const LIMIT = 8;

/** Boxes that the emulator proposes for an image: shown dotted until they are taken or dropped. */
export function useProposals(image: EditorImage) {
  const api = useApi();
  const isOffered = useStore(offered);
  const [boxes, setBoxes] = useState<readonly Rectangle[]>([]);
  const { bucket, key } = image.entry;
  const ask = useMutation({
    mutationFn: () => api.post("/proposals", { bucket, key, limit: LIMIT }),
    onSuccess: ({ boxes: found }) => setBoxes(found),
    onError: (error) => {
      if (error instanceof ApiError && error.code === "NotSupported") offered.set(false);
    },
  });
  return {
    isOffered,
    boxes,
    isPending: ask.isPending,
    isEmpty: ask.isSuccess && ask.data.boxes.length === 0,
    error: isOffered ? ask.error : null,
    ask: () => ask.mutate(),
    clear: () => setBoxes([]),
    /** A proposal that was taken. */
    drop: (box: Rectangle) => setBoxes((old) => old.filter((one) => !covers(one, box))),
  };
}

/** Whether both are the same box but for rounding to whole pixels. */
function covers(one: Rectangle, other: Rectangle): boolean {
  return (["left", "top", "width", "height"] as const).every((side) => Math.abs(one[side] - other[side]) <= 2);
}
