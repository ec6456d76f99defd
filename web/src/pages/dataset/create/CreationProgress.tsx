import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useEffect } from "react";
import { useNavigate } from "react-router";
import type { Project, Task } from "../../../api/types";
import { paths } from "../../../app/paths";
import { ErrorAlert } from "../../../components/ErrorAlert";
import { LinkButton } from "../../../components/LinkButton";
import { useTasks } from "../../../state/live";
import { useTexts } from "../../../texts";
import { StatusAlert } from "../StatusAlert";
import { UploadStatus } from "../uploads/UploadStatus";
import type { Creation, useCreation } from "./useCreation";

interface Props {
  readonly project: Project;
  readonly creation: ReturnType<typeof useCreation>;
}

type State = "working" | "done" | "failed";

/** How far each dataset is; when all are there, the dataset page follows by itself. */
export function CreationProgress({ project, creation }: Props) {
  const { createDataset: texts, common } = useTexts();
  const navigate = useNavigate();
  const { data: tasks } = useTasks();
  const parts = creation.items.map((item) => ({ item, task: tasks?.find(({ id }) => id === item.taskId) }));
  const states = parts.map(({ item, task }) => stateOf(item, task, project, creation.uploads[item.type].state.step));
  const isDone = states.every((state) => state === "done");
  const isFailed = states.includes("failed");
  const first = creation.items[0];
  const address =
    first &&
    paths.dataset(project.name, first.type) + (first.source.kind === "upload" && isEmptyUpload(first) ? "&add=1" : "");
  useEffect(() => {
    if (isDone && address !== undefined) void navigate(address, { replace: true });
  }, [isDone, address, navigate]);
  return (
    <SpaceBetween size="l">
      {parts.map(({ item, task }, index) => (
        <Part
          key={item.type}
          project={project}
          item={item}
          task={task}
          state={states[index] ?? "working"}
          creation={creation}
        />
      ))}
      <Box color="text-body-secondary">{texts.leaveHint}</Box>
      <SpaceBetween direction="horizontal" size="xs">
        {isFailed && project.datasets.length === 0 && <Button onClick={creation.back}>{common.previous}</Button>}
        {project.datasets.length > 0 && (
          <LinkButton to={paths.dataset(project.name, project.datasets[0]?.type ?? "TRAIN")}>
            {texts.goToDataset}
          </LinkButton>
        )}
      </SpaceBetween>
    </SpaceBetween>
  );
}

const isEmptyUpload = ({ source }: Creation) => source.picks.good.length === 0;

function stateOf(item: Creation, task: Task | undefined, project: Project, upload: string): State {
  if (item.error !== null || task?.state === "failed" || upload === "failed") return "failed";
  if (item.isUploading) return "working";
  // The dataset page shows CREATE_IN_PROGRESS and CREATE_FAILED itself: an accepted dataset is enough.
  const isThere = project.datasets.some(({ type }) => type === item.type);
  if (item.taskId !== null) return task?.state === "done" && isThere ? "done" : "working";
  return item.arn !== null && isThere ? "done" : "working";
}

interface PartProps extends Props {
  readonly item: Creation;
  readonly task: Task | undefined;
  readonly state: State;
}

function Part({ project, item, task, state, creation }: PartProps) {
  const { createDataset: texts } = useTexts();
  const upload = creation.uploads[item.type];
  const dataset = project.datasets.find(({ type }) => type === item.type);
  const stages = texts.stages as Readonly<Record<string, string>>;
  return (
    <Container
      header={<Header variant="h2">{item.type === "TRAIN" ? texts.trainingDetails : texts.testDetails}</Header>}
      data-testid={`creation-${item.type}`}
    >
      <SpaceBetween size="s">
        {state === "done" && <StatusIndicator type="success">{texts.created}</StatusIndicator>}
        {state === "working" && !task && !item.isUploading && (
          <StatusIndicator type="in-progress">{texts.creating}</StatusIndicator>
        )}
        {task?.state === "running" && (
          <ProgressBar
            label={stages[task.stage] ?? task.stage}
            value={task.total > 0 ? (100 * task.done) / task.total : 0}
            additionalInfo={texts.progressOf(task.done, task.total)}
          />
        )}
        {task?.state === "failed" && <ErrorAlert error={new Error(task.message)} header={texts.failed} />}
        {item.error !== null && <ErrorAlert error={item.error} header={texts.failed} />}
        {item.isUploading || upload.state.step === "failed" ? (
          <UploadStatus state={upload.state} onRetry={creation.back} />
        ) : null}
        {dataset && <StatusAlert dataset={dataset} />}
      </SpaceBetween>
    </Container>
  );
}
