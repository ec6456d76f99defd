import { useSyncExternalStore } from "react";

/** A value that lives outside React: read it anywhere, follow it with `useStore`. */
export interface Store<T> {
  get: () => T;
  set: (value: T) => void;
  subscribe: (listener: () => void) => () => void;
}

/** A store whose value is `initial` until it is set; `onSet` sees every new value first (to keep it somewhere). */
export function createStore<T>(initial: T, onSet?: (value: T) => void): Store<T> {
  let current = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => current,
    set: (value) => {
      current = value;
      onSet?.(value);
      for (const listener of listeners) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function useStore<T>(store: Store<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}

/** A JSON value kept in the browser's storage, or `fallback` where it is missing, foreign or the storage is closed. */
export function readStored<T>(storage: () => Storage, key: string, isValid: (value: unknown) => value is T, fallback: T): T {
  try {
    const value: unknown = JSON.parse(storage().getItem(key) ?? "null");
    return isValid(value) ? value : fallback;
  } catch {
    return fallback;
  }
}

/** Keep a JSON value; a storage that is full or closed only costs the memory of it. */
export function writeStored(storage: () => Storage, key: string, value: unknown): void {
  try {
    storage().setItem(key, JSON.stringify(value));
  } catch {
    // Private windows may refuse storage: the value then holds until the page closes.
  }
}
