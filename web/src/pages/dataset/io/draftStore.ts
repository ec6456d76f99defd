import { useEffect, useState, useSyncExternalStore } from "react";
import { useScope } from "../../../state/live";
import { createStore, type Store } from "../../../state/store";
import { type Annotations, sameAnnotations } from "../model/annotations";
import {
  applied,
  type Change,
  type Draft,
  EMPTY_DRAFT,
  fromStored,
  redone,
  settled,
  type StepName,
  toStored,
  undone,
} from "../model/history";
import { keepDraft, loadDraft } from "./draftStorage";

/** An image with what it says in the dataset. */
export interface Saved {
  readonly sourceRef: string;
  readonly annotations: Annotations;
}

const LONGEST_PAUSE_MS = 5_000;

/** The unsaved work on one dataset; kept by the browser as it grows. */
export class DraftStore {
  readonly #store: Store<Draft> = createStore<Draft>(EMPTY_DRAFT);
  #isKept = true;
  #isWriting = false;
  #isLocked = false;
  /** Resolves to whether unsaved work of an earlier window was found. */
  readonly loaded: Promise<boolean>;

  constructor(readonly key: string) {
    this.loaded = this.#load();
  }

  readonly get = () => this.#store.get();
  readonly subscribe = (listener: () => void) => this.#store.subscribe(listener);

  /** While the work is being saved nothing may change it. */
  lock(isLocked: boolean): void {
    this.#isLocked = isLocked;
  }

  /** One step for all these images; those that it does not change stay out of it. Returns how many it changed. */
  edit(
    name: StepName,
    images: readonly Saved[],
    change: (annotations: Annotations) => Annotations,
    mergeKey: string | null = null,
  ): number {
    const draft = this.get();
    const changes = images.flatMap(({ sourceRef, annotations }): Change[] => {
      const before = draft.changed.get(sourceRef) ?? annotations;
      const after = change(before);
      return sameAnnotations(before, after) ? [] : [{ sourceRef, before, after }];
    });
    this.#set(applied(draft, { name, changes, mergeKey }));
    return changes.length;
  }

  readonly undo = () => this.#set(undone(this.get()));
  readonly redo = () => this.#set(redone(this.get()));
  readonly settle = () => this.#set(settled(this.get()));
  readonly discard = () => this.#set(EMPTY_DRAFT);

  #set(draft: Draft): void {
    if (this.#isLocked || draft === this.get()) return;
    this.#store.set(draft);
    this.#isKept = false;
    if (!this.#isWriting) void this.#write();
  }

  /** Writes at once what is new, and again what came meanwhile; a large draft leaves the browser room in between. */
  async #write(): Promise<void> {
    this.#isWriting = true;
    while (!this.#isKept) {
      this.#isKept = true;
      const began = performance.now();
      const draft = this.get();
      await keepDraft(this.key, draft.past.length + draft.future.length > 0 ? toStored(draft) : null);
      const pause = Math.min(LONGEST_PAUSE_MS, 2 * (performance.now() - began));
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    this.#isWriting = false;
  }

  async #load(): Promise<boolean> {
    const stored = await loadDraft(this.key);
    // Whoever was quicker than the browser's database keeps what they did.
    if (stored === null || this.get() !== EMPTY_DRAFT) return false;
    const draft = fromStored(stored);
    this.#store.set(draft);
    return draft.changed.size > 0;
  }
}

const stores = new Map<string, DraftStore>();

function storeOf(key: string): DraftStore {
  const known = stores.get(key);
  if (known !== undefined) return known;
  const made = new DraftStore(key);
  stores.set(key, made);
  return made;
}

/** The unsaved work on a dataset: the same for every page of this window. */
export function useDraftStore(dataset: string): DraftStore {
  return storeOf(`${useScope()}\n${dataset}`);
}

/** A part of the draft; the component is drawn anew only when this part changes. */
export function useDraft<T>(store: DraftStore, select: (draft: Draft) => T): T {
  return useSyncExternalStore(store.subscribe, () => select(store.get()));
}

/** Whether unsaved work of an earlier window was taken up. */
export function useWasRestored(store: DraftStore): boolean {
  const [restored, setRestored] = useState<DraftStore | null>(null);
  useEffect(() => {
    let isCurrent = true;
    void store.loaded.then((found) => {
      if (isCurrent && found) setRestored(store);
    });
    return () => {
      isCurrent = false;
    };
  }, [store]);
  return restored === store;
}
