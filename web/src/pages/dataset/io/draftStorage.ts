/** Unsaved work in the browser's own database, so that it survives a closed window. */

import type { StoredDraft } from "../model/history";

const DATABASE = "custom-labels-console";
const STORE = "drafts";

let opened: Promise<IDBDatabase> | null = null;

function open(): Promise<IDBDatabase> {
  opened ??= new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB"));
  });
  return opened;
}

async function run<T>(mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  return new Promise<T>((resolve, reject) => {
    const transaction = database.transaction(STORE, mode);
    const request = work(transaction.objectStore(STORE));
    // Without this a window that closes now would undo what it wrote last.
    transaction.commit();
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB"));
  });
}

/** The draft kept under this key, or null; also where the browser keeps nothing (private windows). */
export async function loadDraft(key: string): Promise<StoredDraft | null> {
  try {
    return (
      (await run<StoredDraft | undefined>(
        "readonly",
        (store) => store.get(key) as IDBRequest<StoredDraft | undefined>,
      )) ?? null
    );
  } catch {
    return null;
  }
}

/** Keeps a draft, or forgets it where it is null. Returns whether the browser took it. */
export async function keepDraft(key: string, draft: StoredDraft | null): Promise<boolean> {
  try {
    if (draft === null) await run("readwrite", (store) => store.delete(key));
    else await run("readwrite", (store) => store.put(draft, key));
    return true;
  } catch {
    return false;
  }
}
