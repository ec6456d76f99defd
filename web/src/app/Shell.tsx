import AppLayout from "@cloudscape-design/components/app-layout";
import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import HelpPanel from "@cloudscape-design/components/help-panel";
import { Suspense, useEffect, useState, useSyncExternalStore } from "react";
import { Outlet, useHref } from "react-router";
import { useFollow } from "../components/Link";
import { Loading } from "../components/Loading";
import { useLiveEvents } from "../state/live";
import { setPreferences, usePreferences } from "../state/preferences";
import { useStore } from "../state/store";
import { useTexts } from "../texts";
import { ControlTokenDialog } from "./ControlTokenDialog";
import { Navigation } from "./Navigation";
import { Notifications } from "./Notifications";
import { SetUpDialog } from "./SetUpDialog";
import { crumbsStore, helpStore } from "./shellState";
import { TopBar } from "./TopBar";

/** The width up to which the design system lays the navigation over the page, and closes it by itself. */
const narrow = window.matchMedia("(max-width: 688px)");
const isNarrow = () => narrow.matches;
const whenWidthChanges = (notice: () => void) => {
  narrow.addEventListener("change", notice);
  return () => narrow.removeEventListener("change", notice);
};

/** The frame around every page: header, navigation, breadcrumbs, messages, help. */
export function Shell() {
  useLiveEvents();
  useEffect(keepFilesOut, []);
  const { navigation, common } = useTexts();
  const { navigationOpen } = usePreferences();
  // A narrow window's navigation is not the preference: it would stay closed in a wide one.
  const canCoverPage = useSyncExternalStore(whenWidthChanges, isNarrow);
  const [coversPage, setCoversPage] = useState(false);
  const { help, isOpen } = useStore(helpStore);
  return (
    <>
      <TopBar />
      <AppLayout
        headerSelector="#top-bar"
        ariaLabels={{
          navigation: navigation.label,
          navigationToggle: navigation.open,
          navigationClose: navigation.close,
          tools: navigation.help,
          toolsToggle: navigation.openHelp,
          toolsClose: navigation.closeHelp,
          notifications: navigation.notifications,
        }}
        navigation={<Navigation />}
        navigationWidth={240}
        navigationOpen={canCoverPage ? coversPage : navigationOpen}
        onNavigationChange={({ detail }) => {
          setCoversPage(isNarrow() && detail.open);
          if (!isNarrow()) setPreferences({ navigationOpen: detail.open });
        }}
        breadcrumbs={<Breadcrumbs />}
        notifications={<Notifications />}
        stickyNotifications
        toolsHide={help === null}
        toolsOpen={isOpen}
        onToolsChange={({ detail }) => helpStore.set({ help, isOpen: detail.open })}
        tools={help && <HelpPanel header={<h2>{help.title}</h2>}>{help.body}</HelpPanel>}
        content={
          <Suspense fallback={<Loading text={common.loading} />}>
            <Outlet />
          </Suspense>
        }
      />
      <SetUpDialog />
      <ControlTokenDialog />
    </>
  );
}

/** A file that is dropped beside a place for files would open in the page's stead, and what is not saved would be lost. */
function keepFilesOut() {
  const keepOut = (event: DragEvent) => {
    if (event.defaultPrevented || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "none";
  };
  window.addEventListener("dragover", keepOut);
  window.addEventListener("drop", keepOut);
  return () => {
    window.removeEventListener("dragover", keepOut);
    window.removeEventListener("drop", keepOut);
  };
}

function Breadcrumbs() {
  const { product, navigation } = useTexts();
  const base = useHref("/").replace(/\/$/, "");
  const crumbs = useStore(crumbsStore);
  const items = [{ text: product, href: "/get-started" }, ...crumbs].map(({ text, href }) => ({ text, href: base + href }));
  return <BreadcrumbGroup ariaLabel={navigation.breadcrumbs} items={items} onFollow={useFollow()} />;
}
