import { DeleteProjectCommand } from "@aws-sdk/client-rekognition";
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Checkbox from "@cloudscape-design/components/checkbox";
import Table from "@cloudscape-design/components/table";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useApi } from "../../api/client";
import type { Project } from "../../api/types";
import { notify } from "../../app/shellState";
import { useRekognition } from "../../aws/clients";
import { useProjects } from "../../state/live";
import { type Texts, useTexts } from "../../texts";
import { ConfirmDialog } from "../ConfirmDialog";
import { Loading } from "../Loading";
import { isBusy, State } from "../states";

interface Props {
  project: Project;
  onClose: () => void;
}

/**
 * Delete project (C-25): first what hangs on it, then itself, each with a typed word. The emulator does the deleting, so
 * that it goes on when the window is closed.
 */
export function DeleteProjectDialog({ project: opened, onClose }: Props) {
  const texts = useTexts();
  const { data: projects = [] } = useProjects();
  const project = projects.find((one) => one.arn === opened.arn);
  const finish = useRef(onClose);
  useEffect(() => {
    finish.current = onClose;
  });
  const isGone = project === undefined;
  useEffect(() => {
    if (!isGone) return;
    notify({ id: "project-deleted", type: "success", content: texts.deletion.deleted(opened.name) });
    finish.current();
  }, [isGone, opened.name, texts]);
  if (project === undefined) return null;
  const isEmpty = project.versions.length === 0 && project.datasets.length === 0;
  return isEmpty ? <DeleteEmpty project={project} onClose={onClose} /> : <DeleteContent project={project} onClose={onClose} />;
}

type What = "project" | "models" | "datasets" | "datasets_and_models";

function whatHangs(project: Project): Exclude<What, "project"> {
  if (project.versions.length === 0) return "datasets";
  return project.datasets.length === 0 ? "models" : "datasets_and_models";
}

const buttonOf = ({ deletion }: Texts, what: Exclude<What, "project">) =>
  ({
    models: deletion.associatedModels,
    datasets: deletion.associatedDatasets,
    datasets_and_models: deletion.associatedBoth,
  })[what];

/** The first step: models and datasets, listed with their states. */
function DeleteContent({ project, onClose }: { project: Project; onClose: () => void }) {
  const texts = useTexts();
  const { deletion } = texts;
  const api = useApi();
  const [isWhole, setWhole] = useState(false);
  const what = whatHangs(project);
  const remove = useMutation({
    mutationFn: () => api.post("/deletions", { project: project.arn, what: isWhole ? "project" : what }),
  });
  const isBlocked = project.versions.some((version) => isBusy(version) && version.status !== "DELETING");
  const isDeleting = remove.isSuccess || project.status === "DELETING";
  return (
    <ConfirmDialog
      title={deletion.project}
      button={buttonOf(texts, what)}
      word="delete"
      wordLabel={deletion.confirm("delete")}
      closeText={texts.common.close}
      isPending={remove.isPending || isDeleting}
      isBlocked={isBlocked && !isDeleting}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <Box variant="p">{deletion.sure(project.name)}</Box>
      <Box variant="p">{deletion.rule}</Box>
      {isBlocked && !isDeleting && <Alert type="warning">{deletion.blocked}</Alert>}
      <Content project={project} />
      <Checkbox checked={isWhole} disabled={isDeleting || isBlocked} onChange={({ detail }) => setWhole(detail.checked)}>
        {deletion.whole}
      </Checkbox>
      {isDeleting && <Loading text={deletion.deleting} />}
    </ConfirmDialog>
  );
}

function Content({ project }: { project: Project }) {
  const { deletion, common } = useTexts();
  const hasModels = project.versions.length > 0;
  return (
    <Table
      variant="embedded"
      header={<Box variant="h3">{hasModels ? deletion.models : deletion.datasets}</Box>}
      ariaLabels={{ tableLabel: hasModels ? deletion.models : deletion.datasets }}
      footer={<Box variant="small">{hasModels ? deletion.modelsBody : deletion.datasetsBody}</Box>}
      trackBy="arn"
      items={[...project.versions, ...project.datasets].map(({ arn, name, status }) => ({ arn, name, status }))}
      columnDefinitions={[
        { id: "name", header: common.name, isRowHeader: true, cell: (item) => item.name },
        { id: "status", header: common.status, cell: (item) => <State status={item.status} /> },
      ]}
    />
  );
}

/** The second step: the project itself. */
function DeleteEmpty({ project, onClose }: { project: Project; onClose: () => void }) {
  const { deletion, common } = useTexts();
  const rekognition = useRekognition();
  const remove = useMutation({
    mutationFn: () => rekognition.send(new DeleteProjectCommand({ ProjectArn: project.arn })),
  });
  const isDeleting = remove.isPending || remove.isSuccess || project.status === "DELETING";
  return (
    <ConfirmDialog
      key="empty"
      title={deletion.project}
      button={common.delete}
      word="delete"
      wordLabel={deletion.confirm("delete")}
      closeText={common.close}
      isPending={isDeleting}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      <Box variant="p">{deletion.sure(project.name)}</Box>
      <Alert type="info" header={deletion.can}>
        {deletion.canBody}
      </Alert>
    </ConfirmDialog>
  );
}
