import SideNavigation, { type SideNavigationProps } from "@cloudscape-design/components/side-navigation";
import { useHref, useLocation, useMatch } from "react-router";
import { useFollow } from "../components/Link";
import { useAbout } from "../state/about";
import { useProject } from "../state/live";
import { useTexts } from "../texts";
import { nameOf, paths } from "./paths";

/** The left navigation (C-1); inside a project its datasets and models hang below its name. */
export function Navigation() {
  const { navigation } = useTexts();
  const base = useHref("/").replace(/\/$/, "");
  const location = useLocation();
  const inside = useMatch("/projects/:project/*")?.params["project"];
  const name = inside === undefined ? "" : nameOf(inside);
  const project = useProject(name).data;
  const decides = useAbout().data?.auth.startsWith("iam") ?? false;
  const link = (text: string, path: string): SideNavigationProps.Link => ({ type: "link", text, href: base + path });

  const items: SideNavigationProps.Item[] = [
    link(navigation.getStarted, paths.getStarted),
    link(navigation.tutorials, paths.tutorials),
    link(navigation.examples, paths.examples),
    link(navigation.projects, paths.projects),
  ];
  if (project) {
    const { datasets } = project;
    const first = datasets.find((one) => one.type === "TRAIN") ?? datasets[0];
    // C-9: without a dataset the entry leads to their creation.
    const target = first ? paths.dataset(name, first.type) : paths.createDataset(name);
    items.push({
      type: "link-group",
      text: name,
      href: base + paths.project(name),
      items: [
        link(navigation.datasets, target),
        link(navigation.models, `${paths.project(name)}#models`),
        link(navigation.policies, paths.policies(name)),
      ],
    });
  }
  items.push(
    link(navigation.priorDatasets, paths.priorDatasets),
    { type: "divider" },
    link(navigation.runningHours, paths.runningHours),
    ...(decides ? [link(navigation.decisions, paths.decisions)] : []),
  );
  return (
    <SideNavigation
      header={{ text: navigation.title, href: base + paths.getStarted }}
      activeHref={activeAmong(items, base + location.pathname, location.search)}
      items={items}
      onFollow={useFollow()}
    />
  );
}

/** The entry whose address is the longest beginning of where we are. */
function activeAmong(items: readonly SideNavigationProps.Item[], pathname: string, search: string): string {
  const hrefs = items.flatMap((item) => {
    if (item.type === "link") return [item.href];
    return item.type === "link-group" ? [item.href, ...item.items.flatMap((one) => (one.type === "link" ? [one.href] : []))] : [];
  });
  const here = pathname + search;
  const path = (href: string) => href.split(/[?#]/)[0] ?? href;
  const fitting = hrefs.filter((href) => !href.includes("#") && (here === href || pathname === path(href) || pathname.startsWith(`${path(href)}/`)));
  return fitting.sort((a, b) => path(b).length - path(a).length)[0] ?? "";
}
