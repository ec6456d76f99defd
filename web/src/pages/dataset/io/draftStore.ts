import { useEffect, useState, useSyncExternalStore } from "react";
import { notify } from "../../../app/shellState";
import { useScope } from "../../../state/live";
import { createStore, type Store, useStore } from "../../../state/store";
import { useTexts } from "../../../texts";
import { type Annotations, sameAnnotations } from "../model/annotations";
import {
  applied,
  type Change,
  type Draft,
  EMPTY_DRAFT,
  fromStored,
  joined,
  redone,
  settled,
  type StepName,
  toStored,
  undone,
  without,
} from "../model/history";
import { hearOthers, keepDraft, type Kept, loadDraft, tellOthers } from "./draftStorage";

/** An image with what it says in the dataset. */
export interface Saved {
  readonly sourceRef: string;
  readonly annotations: Annotations;
}

const LONGEST_PAUSE_MS = 5_000;

/** What came from another window: its work (`shared`), or other work on images that this window changed as well. */
export interface News {
  readonly kind: "shared" | "both";
  readonly images: number;
}

/** The unsaved work on one dataset; the browser keeps it as it grows, and its windows share it. */
export class DraftStore {
  readonly #store: Store<Draft> = createStore<Draft>(EMPTY_DRAFT);
  readonly news: Store<News | null> = createStore<News | null>(null);
  /** What the browser keeps, as far as this window knows. */
  #kept: { revision: string; draft: Draft } = { revision: "", draft: EMPTY_DRAFT };
  #isKept = true;
  #isWriting = false;
  #isLocked = false;
  /** Resolves to whether unsaved work of an earlier window was found. */
  readonly loaded: Promise<boolean>;

  constructor(readonly key: string) {
    hearOthers(key, () => void this.#take());
    this.loaded = this.#load();
  }

  readonly get = () => this.#store.get();
  readonly subscribe = (listener: () => void) => this.#store.subscribe(listener);

  /** While the work is being saved nothing may change it. */
  lock(isLocked: boolean): void {
    this.#isLocked = isLocked;
    if (!isLocked) void this.#take();
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
  readonly forget = (sourceRefs: readonly string[]) => this.#set(without(this.get(), sourceRefs));

  /** What was saved, or is not wanted any more, goes; what another window added meanwhile stays. */
  discard(): void {
    this.#isLocked = false;
    this.#set(EMPTY_DRAFT);
  }

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
      const isEmpty = draft.past.length + draft.future.length === 0;
      const next = isEmpty ? { revision: "", draft: null } : { revision: newRevision(), draft: toStored(draft) };
      const kept = await keepDraft(this.key, this.#kept.revision, next);
      if (kept.revision === next.revision) {
        this.#kept = { revision: kept.revision, draft };
        tellOthers(this.key);
      } else {
        this.#join(kept);
      }
      const pause = Math.min(LONGEST_PAUSE_MS, 2 * (performance.now() - began));
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    this.#isWriting = false;
    void this.#take();
  }

  /** Another window was quicker: nothing of either is lost. */
  #join({ revision, draft }: Kept): void {
    const theirs = draft === null ? EMPTY_DRAFT : fromStored(draft);
    const { draft: both, both: images } = joined(this.#kept.draft, this.get(), theirs);
    this.#kept = { revision, draft: theirs };
    this.#isKept = both === theirs;
    this.#store.set(both);
    if (images > 0) this.news.set({ kind: "both", images });
  }

  /** What another window did is this window's work, too. Where this one has news of its own, writing joins both. */
  async #take(): Promise<void> {
    if (this.#isBusy()) return;
    const { revision, draft } = await loadDraft(this.key);
    if (this.#isBusy() || revision === this.#kept.revision) return;
    const theirs = draft === null ? EMPTY_DRAFT : fromStored(draft);
    this.#kept = { revision, draft: theirs };
    this.#store.set(theirs);
    if (theirs.changed.size > 0) this.news.set({ kind: "shared", images: theirs.changed.size });
  }

  #isBusy(): boolean {
    return this.#isLocked || !this.#isKept || this.#isWriting;
  }

  async #load(): Promise<boolean> {
    const kept = await loadDraft(this.key);
    // Whoever was quicker than the browser's database keeps what they did: writing joins it with what is kept.
    if (kept.draft === null || this.#isBusy()) return false;
    const draft = fromStored(kept.draft);
    this.#kept = { revision: kept.revision, draft };
    this.#store.set(draft);
    return draft.changed.size > 0;
  }
}

const newRevision = () => `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;

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

/** Tells what came from other windows, at the top of the page. */
export function useDraftNews(store: DraftStore): void {
  const { labelling } = useTexts();
  const news = useStore(store.news);
  useEffect(() => {
    if (news === null) return;
    const content = news.kind === "shared" ? labelling.shared : labelling.changedInBoth(news.images);
    notify({ id: "windows", type: news.kind === "shared" ? "info" : "warning", content });
    store.news.set(null);
  }, [store, news, labelling]);
}
