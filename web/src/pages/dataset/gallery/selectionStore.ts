import { useMemo, useSyncExternalStore } from "react";
import { createStore, type Store } from "../../../state/store";
import type { Filters } from "../io/filters";
import { NOTHING_SELECTED, type Selection } from "../model/selection";

/** What is chosen in the gallery, and which image the keyboard stands on. */
export interface Choice {
  readonly selection: Selection;
  /** Position of the image that keys work on. */
  readonly active: number;
}

export type ChoiceStore = Store<Choice>;

/** A new choice for every list: positions mean nothing in another one. */
export function useChoiceStore(dataset: string, filters: Filters): ChoiceStore {
  const list = JSON.stringify([dataset, filters]);
  // eslint-disable-next-line react-hooks/exhaustive-deps -- the list is what the store belongs to
  return useMemo(() => createStore<Choice>({ selection: NOTHING_SELECTED, active: 0 }), [list]);
}

export function useChoice<T>(store: ChoiceStore, select: (choice: Choice) => T): T {
  return useSyncExternalStore(store.subscribe, () => select(store.get()));
}
