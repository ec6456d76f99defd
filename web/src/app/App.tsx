import I18nProvider from "@cloudscape-design/components/i18n";
import { applyMode, Mode } from "@cloudscape-design/global-styles";
import { QueryClientProvider } from "@tanstack/react-query";
import { useEffect } from "react";
import { RouterProvider } from "react-router/dom";
import { usePreferences } from "../state/preferences";
import { TextsProvider, useLanguage } from "../texts";
import { ErrorBoundary } from "../components/ErrorBoundary";
import { queryClient } from "../state/queries";
import { router } from "./router";

export function App() {
  const { theme, language } = usePreferences();
  useTheme(theme);
  const loaded = useLanguage(language);
  if (loaded === null) return null;
  return (
    <I18nProvider locale={loaded.locale} messages={[...loaded.messages]}>
      <TextsProvider texts={loaded.texts} locale={loaded.locale}>
        <ErrorBoundary>
          <QueryClientProvider client={queryClient}>
            <RouterProvider router={router} />
          </QueryClientProvider>
        </ErrorBoundary>
      </TextsProvider>
    </I18nProvider>
  );
}

/** Light or dark, as chosen or as the system has it, also when the system changes its mind. */
function useTheme(theme: "auto" | "light" | "dark") {
  useEffect(() => {
    const system = window.matchMedia("(prefers-color-scheme: dark)");
    const apply = () => {
      const isDark = theme === "dark" || (theme === "auto" && system.matches);
      applyMode(isDark ? Mode.Dark : Mode.Light);
      // For light-dark() in our own styles, scroll bars and form controls.
      document.documentElement.style.colorScheme = isDark ? "dark" : "light";
    };
    apply();
    system.addEventListener("change", apply);
    return () => system.removeEventListener("change", apply);
  }, [theme]);
}
