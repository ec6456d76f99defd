import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Tabs from "@cloudscape-design/components/tabs";
import { useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import { paths } from "../../app/paths";
import { DeleteModelsDialog } from "../../components/deletion/DeleteModelsDialog";
import { InfoLink } from "../../components/InfoLink";
import { Page } from "../../components/Page";
import { isBusy, VersionMessage } from "../../components/states";
import { TrainingPanel } from "../../components/TrainingPanel";
import { useTexts } from "../../texts";
import { Details } from "./Details";
import { Evaluate } from "./Evaluate";
import { type Model, ModelFrame } from "../../components/ModelFrame";
import { TagsTab } from "./TagsTab";
import { UseModel } from "./UseModel";
import { useModelCrumbs } from "../../components/useModel";

/** A model's page (C-17): Evaluate, Model details, Use model, Tags. */
export function Component() {
  return <ModelFrame>{(model) => <ModelPage key={model.version.arn} {...model} />}</ModelFrame>;
}

function ModelPage({ project, version }: Model) {
  const { model: words } = useTexts();
  const navigate = useNavigate();
  const [query, setQuery] = useSearchParams();
  const [isDeleting, setDeleting] = useState(false);
  return (
    <Page
      title={version.name}
      info={<InfoLink title={version.name}>{words.help}</InfoLink>}
      crumbs={useModelCrumbs({ project, version })}
      actions={
        <Button disabled={isBusy(version)} onClick={() => setDeleting(true)}>
          {words.delete}
        </Button>
      }
    >
      {version.status === "TRAINING_IN_PROGRESS" && <TrainingPanel version={version} />}
      {version.runs_long && (
        <Alert type="warning">
          <VersionMessage version={version} />
        </Alert>
      )}
      <Tabs
        ariaLabel={version.name}
        activeTabId={query.get("tab") ?? "evaluate"}
        onChange={({ detail }) => setQuery({ tab: detail.activeTabId }, { replace: true })}
        tabs={[
          { id: "evaluate", label: words.tabs.evaluate, content: <Evaluate project={project} version={version} /> },
          { id: "details", label: words.tabs.details, content: <Details project={project} version={version} /> },
          { id: "use", label: words.tabs.use, content: <UseModel project={project} version={version} /> },
          { id: "tags", label: words.tabs.tags, content: <TagsTab project={project} version={version} /> },
        ]}
      />
      {isDeleting && (
        <DeleteModelsDialog
          versions={[version]}
          onClose={() => setDeleting(false)}
          onDeleted={() => void navigate(paths.project(project.name))}
        />
      )}
    </Page>
  );
}
