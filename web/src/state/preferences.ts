import { createStore, readStored, useStore, writeStored } from "./store";

export type Theme = "auto" | "light" | "dark";
export const LANGUAGES = ["en", "pt", "zh"] as const;
export type Language = (typeof LANGUAGES)[number];

export interface Preferences {
  theme: Theme;
  language: Language;
  navigationOpen: boolean;
}

const KEY = "custom-labels.preferences";
const local = () => window.localStorage;

/** The first of the reader's languages that the catalogue has. */
export function preferredLanguage(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const known = LANGUAGES.find((language) => tag.toLowerCase().split("-")[0] === language);
    if (known) return known;
  }
  return "en";
}

function isPreferences(value: unknown): value is Partial<Preferences> {
  return typeof value === "object" && value !== null;
}

function initial(): Preferences {
  const stored = readStored<Partial<Preferences>>(local, KEY, isPreferences, {});
  return {
    theme: stored.theme === "light" || stored.theme === "dark" ? stored.theme : "auto",
    language: LANGUAGES.find((one) => one === stored.language) ?? preferredLanguage(navigator.languages),
    navigationOpen: stored.navigationOpen ?? window.innerWidth > 900,
  };
}

export const preferencesStore = createStore<Preferences>(initial(), (value) => writeStored(local, KEY, value));
export const usePreferences = () => useStore(preferencesStore);
export const setPreferences = (change: Partial<Preferences>) =>
  preferencesStore.set({ ...preferencesStore.get(), ...change });
