import { useParams } from "react-router";
import type { Project, Version } from "../api/types";
import { nameOf, paths } from "../app/paths";
import { useProject } from "../state/live";
import { useTexts } from "../texts";

/** The project and version that the address names; `found` is null where there are none. */
export function useModel() {
  const params = useParams();
  const query = useProject(nameOf(params["project"] ?? ""));
  const name = nameOf(params["version"] ?? "");
  const version = query.data?.versions.find((one) => one.name === name);
  const found: { project: Project; version: Version } | null = query.data && version ? { project: query.data, version } : null;
  return { query, found };
}

/** Custom Labels > Projects > PROJECT > VERSION */
export function useModelCrumbs({ project, version }: { project: Project; version: Version }) {
  const { navigation } = useTexts();
  return [
    { text: navigation.projects, href: paths.projects },
    { text: project.name, href: paths.project(project.name) },
    { text: version.name, href: paths.model(project.name, version.name) },
  ];
}
