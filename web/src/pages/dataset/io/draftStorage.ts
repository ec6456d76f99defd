/** Unsaved work in the browser's own database: it survives a closed window, and all windows of the browser share it. */

import type { StoredDraft } from "../model/history";

const DATABASE = "custom-labels-console";
const STORE = "drafts";

/** What the browser keeps under a key. The revision changes with every write; "" where nothing is kept. */
export interface Kept {
  readonly revision: string;
  readonly draft: StoredDraft | null;
}

const NOTHING: Kept = { revision: "", draft: null };

let opened: Promise<IDBDatabase> | null = null;

function open(): Promise<IDBDatabase> {
  opened ??= new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 2);
    request.onupgradeneeded = () => {
      // What an earlier form of this page kept has no revision.
      if (request.result.objectStoreNames.contains(STORE)) request.result.deleteObjectStore(STORE);
      request.result.createObjectStore(STORE);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB"));
  });
  return opened;
}

/** One transaction; `work` goes on from what is kept and gives the answer. */
async function run<T>(mode: IDBTransactionMode, key: string, work: (kept: Kept, store: IDBObjectStore) => T): Promise<T> {
  const transaction = (await open()).transaction(STORE, mode);
  const store = transaction.objectStore(STORE);
  return new Promise<T>((resolve, reject) => {
    let answer: T;
    const request = store.get(key) as IDBRequest<Kept | undefined>;
    request.onsuccess = () => {
      answer = work(request.result ?? NOTHING, store);
      // Without this a window that closes now would undo what it wrote last.
      transaction.commit();
    };
    transaction.oncomplete = () => resolve(answer);
    transaction.onabort = () => reject(transaction.error ?? new Error("IndexedDB"));
  });
}

/** What is kept under this key; nothing also where the browser keeps nothing (private windows). */
export async function loadDraft(key: string): Promise<Kept> {
  return run("readonly", key, (kept) => kept).catch(() => NOTHING);
}

/**
 * Keeps a draft, or forgets it where it is null, if what is kept is still of the `expected` revision. Returns what is
 * kept then: `next`, or what another window was quicker with. A browser that keeps nothing takes everything.
 */
export async function keepDraft(key: string, expected: string, next: Kept): Promise<Kept> {
  return run("readwrite", key, (kept, store) => {
    if (kept.revision !== expected) return kept;
    if (next.draft === null) store.delete(key);
    else store.put(next, key);
    return next;
  }).catch(() => next);
}

/** Windows tell each other that they kept a draft, by its key. A window does not hear itself. */
const channel = new BroadcastChannel(`${DATABASE}.${STORE}`);

export const tellOthers = (key: string) => channel.postMessage(key);

/** Calls `listener` when another window kept something under this key; for as long as this window lives. */
export function hearOthers(key: string, listener: () => void): void {
  channel.addEventListener("message", ({ data }) => {
    if (data === key) listener();
  });
}
