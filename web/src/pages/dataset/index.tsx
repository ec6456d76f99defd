import "./dataset.css";
import Tabs from "@cloudscape-design/components/tabs";
import { useNavigate, useParams, useSearchParams } from "react-router";
import { nameOf, paths } from "../../app/paths";
import { ErrorAlert } from "../../components/ErrorAlert";
import { Loading } from "../../components/Loading";
import { NotFound } from "../../components/NotFound";
import { useProject } from "../../state/live";
import { useTexts } from "../../texts";
import type { DatasetType, Project } from "../../api/types";
import { DatasetView } from "./DatasetView";
import { MissingDataset } from "./MissingDataset";

/** The dataset page (C-10): one tab for the training dataset, one for the test dataset. */
export function Component() {
  const { project: name = "" } = useParams();
  const { common } = useTexts();
  const project = useProject(nameOf(name));
  if (project.isPending) return <Loading text={common.loading} />;
  if (project.error)
    return <ErrorAlert error={project.error} header={common.failedToLoad} onRetry={() => void project.refetch()} />;
  if (!project.data) return <NotFound />;
  return <ProjectDatasets project={project.data} />;
}

function ProjectDatasets({ project }: { project: Project }) {
  const { dataset: texts } = useTexts();
  const [parameters] = useSearchParams();
  const navigate = useNavigate();
  const type: DatasetType = parameters.get("type") === "TEST" ? "TEST" : "TRAIN";
  const dataset = project.datasets.find((one) => one.type === type);
  const tab = (
    <Tabs
      ariaLabel={texts.tabs}
      disableContentPaddings
      activeTabId={type}
      onChange={({ detail }) =>
        void navigate(paths.dataset(project.name, detail.activeTabId === "TEST" ? "TEST" : "TRAIN"))
      }
      tabs={[
        { id: "TRAIN", label: texts.training },
        { id: "TEST", label: texts.test },
      ]}
    />
  );
  return dataset ? (
    <DatasetView key={dataset.arn} project={project} dataset={dataset} tabs={tab} />
  ) : (
    <MissingDataset project={project} type={type} tabs={tab} />
  );
}
