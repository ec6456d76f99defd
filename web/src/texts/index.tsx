import { createContext, type ReactNode, use, useEffect, useState } from "react";
import type { I18nProviderProps } from "@cloudscape-design/components/i18n";
import type { Language } from "../state/preferences";
import { en, type Texts } from "./en";

export type { Texts };

/** A language: our catalogue, the design system's own words, and the tag for dates and numbers. */
interface Loaded {
  texts: Texts;
  messages: readonly I18nProviderProps.Messages[];
  locale: string;
}

const LOADERS: Record<Language, () => Promise<Loaded>> = {
  en: async () => {
    const messages = await import("@cloudscape-design/components/i18n/messages/all.en");
    return { texts: en, messages: [messages.default], locale: "en" };
  },
  pt: async () => {
    const [texts, messages] = await Promise.all([
      import("./pt"),
      import("@cloudscape-design/components/i18n/messages/all.pt-BR"),
    ]);
    return { texts: texts.pt, messages: [messages.default], locale: "pt-BR" };
  },
  zh: async () => {
    const [texts, messages] = await Promise.all([
      import("./zh"),
      import("@cloudscape-design/components/i18n/messages/all.zh-CN"),
    ]);
    return { texts: texts.zh, messages: [messages.default], locale: "zh-CN" };
  },
};

/** The language's parts, or null while they are on their way; the last ones stay until the next are there. */
export function useLanguage(language: Language): Loaded | null {
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  useEffect(() => {
    let isCurrent = true;
    LOADERS[language]().then(
      (parts) => {
        if (!isCurrent) return;
        document.documentElement.lang = parts.locale;
        setLoaded(parts);
      },
      () => {
        // The emulator is gone: the texts that are here stay.
        if (isCurrent) setLoaded((old) => old ?? { texts: en, messages: [], locale: "en" });
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [language]);
  return loaded;
}

const Context = createContext<{ texts: Texts; locale: string }>({ texts: en, locale: "en" });

export function TextsProvider({ texts, locale, children }: { texts: Texts; locale: string; children: ReactNode }) {
  return <Context value={{ texts, locale }}>{children}</Context>;
}

/** All texts in the reader's language. */
export const useTexts = () => use(Context).texts;

/** The tag for Intl: dates, numbers, sorting. */
export const useLocale = () => use(Context).locale;
