import TopNavigation, { type TopNavigationProps } from "@cloudscape-design/components/top-navigation";
import { useState } from "react";
import { useHref } from "react-router";
import { useFollow } from "../components/Link";
import { identityStore, REGIONS, useIdentity } from "../state/identity";
import { LANGUAGES, setPreferences, type Theme, usePreferences } from "../state/preferences";
import { useTexts } from "../texts";
import { IdentityDialog } from "./IdentityDialog";
import { paths } from "./paths";

const THEMES: readonly Theme[] = ["auto", "light", "dark"];

/** The header: whose account in which Region, theme, language. */
export function TopBar() {
  const { product, header } = useTexts();
  const identity = useIdentity();
  const { theme, language } = usePreferences();
  const [isSwitching, setSwitching] = useState(false);
  const home = useHref(paths.getStarted);
  const follow = useFollow();
  const regions = REGIONS.includes(identity.region) ? REGIONS : [identity.region, ...REGIONS];

  const utilities: TopNavigationProps.Utility[] = [
    {
      type: "button",
      text: identity.keys?.accessKeyId ?? identity.account,
      iconName: "user-profile",
      ariaLabel: `${header.change}: ${header.account} ${identity.account}`,
      disableTextCollapse: true,
      onClick: () => setSwitching(true),
    },
    {
      type: "menu-dropdown",
      text: identity.region,
      ariaLabel: `${header.region}: ${identity.region}`,
      disableTextCollapse: true,
      items: regions.map((id) => ({ id, text: id, itemType: "checkbox", checked: id === identity.region })),
      onItemClick: ({ detail }) => identityStore.set({ ...identityStore.get(), region: detail.id }),
    },
    {
      type: "menu-dropdown",
      iconName: "settings",
      ariaLabel: header.settings,
      title: header.settings,
      items: [
        {
          id: "theme",
          text: header.theme,
          items: THEMES.map((one) => ({ id: `theme:${one}`, text: header[one], itemType: "checkbox", checked: one === theme })),
        },
        {
          id: "language",
          text: header.language,
          items: LANGUAGES.map((one) => ({
            id: `language:${one}`,
            text: header.languages[one],
            itemType: "checkbox",
            checked: one === language,
          })),
        },
      ],
      onItemClick: ({ detail }) => {
        const [kind, value] = detail.id.split(":");
        if (kind === "theme") setPreferences({ theme: THEMES.find((one) => one === value) ?? "auto" });
        else setPreferences({ language: LANGUAGES.find((one) => one === value) ?? "en" });
      },
    },
  ];
  return (
    <div id="top-bar">
      <TopNavigation identity={{ href: home, title: product, onFollow: follow }} utilities={utilities} />
      {isSwitching && <IdentityDialog onClose={() => setSwitching(false)} />}
    </div>
  );
}
