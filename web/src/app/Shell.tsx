import AppLayout from "@cloudscape-design/components/app-layout";
import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import HelpPanel from "@cloudscape-design/components/help-panel";
import { Suspense } from "react";
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

/** The frame around every page: header, navigation, breadcrumbs, messages, help. */
export function Shell() {
  useLiveEvents();
  const { navigation, common } = useTexts();
  const { navigationOpen } = usePreferences();
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
        navigationOpen={navigationOpen}
        onNavigationChange={({ detail }) => setPreferences({ navigationOpen: detail.open })}
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

function Breadcrumbs() {
  const { product, navigation } = useTexts();
  const base = useHref("/").replace(/\/$/, "");
  const crumbs = useStore(crumbsStore);
  const items = [{ text: product, href: "/get-started" }, ...crumbs].map(({ text, href }) => ({ text, href: base + href }));
  return <BreadcrumbGroup ariaLabel={navigation.breadcrumbs} items={items} onFollow={useFollow()} />;
}
