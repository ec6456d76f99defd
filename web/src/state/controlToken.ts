import { createStore, readStored, useStore, writeStored } from "./store";

const KEY = "custom-labels.control-token";
const tab = () => window.sessionStorage;
const isText = (value: unknown): value is string => typeof value === "string";

/** The emulator's control token, if it has one (CUSTOM_LABELS_CONTROL_TOKEN); asked for once and kept for the tab. */
export const controlTokenStore = createStore<string>(readStored(tab, KEY, isText, ""), (token) => writeStored(tab, KEY, token));
export const useControlToken = () => useStore(controlTokenStore);
