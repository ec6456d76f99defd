import Button from "@cloudscape-design/components/button";
import ButtonDropdown, { type ButtonDropdownProps } from "@cloudscape-design/components/button-dropdown";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useEffect, useState } from "react";
import { Navigate, useNavigate, useParams } from "react-router";
import type { DatasetType, Project } from "../../api/types";
import { nameOf, paths } from "../../app/paths";
import { notify } from "../../app/shellState";
import { DeleteDatasetDialog } from "../../components/deletion/DeleteDatasetDialog";
import { DeleteProjectDialog } from "../../components/deletion/DeleteProjectDialog";
import { Breakable } from "../../components/Breakable";
import { ErrorAlert } from "../../components/ErrorAlert";
import { useFormats } from "../../components/format";
import { InfoLink } from "../../components/InfoLink";
import { KeyValues } from "../../components/KeyValues";
import { Link } from "../../components/Link";
import { Loading } from "../../components/Loading";
import { NotFound } from "../../components/NotFound";
import { Page } from "../../components/Page";
import { State } from "../../components/states";
import { TrainingPanel } from "../../components/TrainingPanel";
import { useProject } from "../../state/live";
import { useTexts } from "../../texts";
import { HowItWorks } from "./HowItWorks";
import { ModelsTable } from "./ModelsTable";
import { useAssociation } from "./useAssociation";

/** A project's page (C-7). */
export function Component() {
  const { common } = useTexts();
  const name = nameOf(useParams()["project"] ?? "");
  const query = useProject(name);
  const [shown, setShown] = useState<string | null>(null);
  if (query.data && shown !== name) setShown(name);
  if (query.isPending) return <Loading text={common.loading} />;
  if (query.error) return <ErrorAlert header={common.failedToLoad} error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data) return <ProjectPage key={query.data.arn} project={query.data} />;
  return shown === name ? <Deleted name={name} /> : <NotFound />;
}

/** The project went while its page was open: deleted here or elsewhere. */
function Deleted({ name }: { name: string }) {
  const { deletion } = useTexts();
  useEffect(() => notify({ id: "project-deleted", type: "success", content: deletion.deleted(name) }), [name, deletion]);
  return <Navigate to={paths.projects} replace />;
}

function ProjectPage({ project }: { project: Project }) {
  const { project: words, navigation } = useTexts();
  useAssociation(project);
  return (
    <Page
      title={project.name}
      info={<InfoLink title={project.name}>{words.help}</InfoLink>}
      crumbs={[
        { text: navigation.projects, href: paths.projects },
        { text: project.name, href: paths.project(project.name) },
      ]}
      actions={<Actions project={project} />}
    >
      <SpaceBetween size="l">
        <HowItWorks project={project} />
        <Details project={project} />
        {project.versions.map(
          (version) => version.status === "TRAINING_IN_PROGRESS" && <TrainingPanel key={version.arn} version={version} />,
        )}
        <ModelsTable project={project} />
      </SpaceBetween>
    </Page>
  );
}

const TYPES: readonly DatasetType[] = ["TRAIN", "TEST"];

/** Actions › create what is missing, delete what is there; Delete project. */
function Actions({ project }: { project: Project }) {
  const { project: words } = useTexts();
  const navigate = useNavigate();
  const [toDelete, setToDelete] = useState<DatasetType | "project" | null>(null);
  const has = (type: DatasetType) => project.datasets.some((one) => one.type === type);
  const create = { TRAIN: words.createTraining, TEST: words.createTest };
  const remove = { TRAIN: words.deleteTraining, TEST: words.deleteTest };
  const items: ButtonDropdownProps.Item[] = TYPES.map((type) =>
    has(type) ? { id: `delete:${type}`, text: remove[type] } : { id: `create:${type}`, text: create[type] },
  );
  const dataset = project.datasets.find((one) => one.type === toDelete);
  return (
    <SpaceBetween direction="horizontal" size="xs">
      <ButtonDropdown
        items={items}
        onItemClick={({ detail }) => {
          const [action, type] = detail.id.split(":") as ["create" | "delete", DatasetType];
          if (action === "create") void navigate(paths.createDataset(project.name, type));
          else setToDelete(type);
        }}
      >
        {words.actions}
      </ButtonDropdown>
      <Button onClick={() => setToDelete("project")}>{words.delete}</Button>
      {dataset && <DeleteDatasetDialog project={project} dataset={dataset} onClose={() => setToDelete(null)} />}
      {toDelete === "project" && (
        <DeleteProjectDialog project={project} onClose={() => setToDelete(null)} />
      )}
    </SpaceBetween>
  );
}

function Details({ project }: { project: Project }) {
  const { project: words } = useTexts();
  const { moment } = useFormats();
  return (
    <Container header={<Header variant="h2">{words.details}</Header>}>
      <KeyValues
        items={[
          { label: words.fields.name, value: project.name },
          { label: words.fields.created, value: moment(project.created) },
          { label: words.fields.dataset, value: <Datasets project={project} /> },
          { label: words.fields.models, value: project.versions.length },
        ]}
      />
    </Container>
  );
}

function Datasets({ project }: { project: Project }) {
  const { project: words } = useTexts();
  if (project.datasets.length === 0) return words.noDataset;
  return (
    <SpaceBetween size="xs">
      {project.datasets.map((dataset) => (
        <div key={dataset.arn}>
          <Link to={paths.dataset(project.name, dataset.type)}><Breakable text={dataset.name} /></Link>
          <div>{words.datasetFacts(dataset.total_entries, dataset.labeled_entries)}</div>
          <State status={dataset.status} />
          {dataset.status.endsWith("FAILED") && <div>{dataset.status_message}</div>}
        </div>
      ))}
    </SpaceBetween>
  );
}
