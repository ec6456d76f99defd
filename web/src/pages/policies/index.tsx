import SpaceBetween from "@cloudscape-design/components/space-between";
import { useParams } from "react-router";
import type { Project } from "../../api/types";
import { nameOf, paths } from "../../app/paths";
import { ErrorAlert } from "../../components/ErrorAlert";
import { Loading } from "../../components/Loading";
import { NotFound } from "../../components/NotFound";
import { Page } from "../../components/Page";
import { useProject } from "../../state/live";
import { useTexts } from "../../texts";
import { CopyModel } from "./CopyModel";
import { Policies } from "./Policies";

/** Project policies and copies of models (CP): AWS's console has no page for them. */
export function Component() {
  const { common } = useTexts();
  const query = useProject(nameOf(useParams()["project"] ?? ""));
  if (query.isPending) return <Loading text={common.loading} />;
  if (query.error) return <ErrorAlert header={common.failedToLoad} error={query.error} onRetry={() => void query.refetch()} />;
  return query.data ? <PoliciesPage key={query.data.arn} project={query.data} /> : <NotFound />;
}

function PoliciesPage({ project }: { project: Project }) {
  const { policies, navigation } = useTexts();
  return (
    <Page
      title={policies.title}
      description={policies.description}
      crumbs={[
        { text: navigation.projects, href: paths.projects },
        { text: project.name, href: paths.project(project.name) },
        { text: policies.title, href: paths.policies(project.name) },
      ]}
    >
      <SpaceBetween size="l">
        <Policies project={project} />
        <CopyModel project={project} />
      </SpaceBetween>
    </Page>
  );
}
