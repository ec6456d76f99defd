import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../../api/client";
import type { Example, Task } from "../../api/types";
import { paths } from "../../app/paths";
import { presigned } from "../../aws/sign";
import { ErrorAlert } from "../../components/ErrorAlert";
import { LinkButton } from "../../components/LinkButton";
import { keys, mergeTasks, useScope, useTasks } from "../../state/live";
import { useTexts } from "../../texts";

/** What a card says, its button, how far its project is, and an image to try. */
export function ExampleBody({ example }: { example: Example }) {
  const { examples } = useTexts();
  const card = examples.cards[example.id];
  const { task, create } = useCreation(example.id);
  return (
    <SpaceBetween size="s">
      <Box color="text-body-secondary">{card.subtitle}</Box>
      <Box variant="p">{card.body}</Box>
      <Box variant="small">
        {examples.images(example.training_images, example.test_images)}, {examples.labels(example.labels.length)}
      </Box>
      <Button loading={create.isPending || task?.state === "running"} onClick={() => create.mutate()}>
        {card.button}
      </Button>
      {create.error && <ErrorAlert header={examples.failed} error={create.error} onDismiss={create.reset} />}
      {task && <Progress task={task} />}
      <Sample example={example} />
    </SpaceBetween>
  );
}

/** The latest task of this card that was begun in this window, or that still runs. */
function useCreation(id: Example["id"]) {
  const api = useApi();
  const client = useQueryClient();
  const scope = useScope();
  const [begun, setBegun] = useState<number | null>(null);
  const { data: tasks = [] } = useTasks();
  const create = useMutation({
    mutationFn: () => api.post("/examples", { id }),
    onSuccess: ({ task }) => {
      setBegun(task.id);
      client.setQueryData<Task[]>(keys.tasks(scope), (old) => (old?.some((one) => one.id === task.id) ? old : mergeTasks(old ?? [], [task], [])));
    },
  });
  const isMine = ({ kind, state, result }: Task) =>
    kind === "create-example" && state === "running" && String(result["project_name"]).startsWith(`${id.replace("-", "_")}_`);
  const task = tasks.find((one) => one.id === begun) ?? tasks.find(isMine);
  return { task, create };
}

function Progress({ task }: { task: Task }) {
  const { examples } = useTexts();
  if (task.state === "failed") {
    return (
      <Alert type="error" header={examples.failed}>
        {task.message}
      </Alert>
    );
  }
  if (task.state === "running") {
    const value = task.total > 0 ? (100 * task.done) / task.total : 0;
    return <ProgressBar label={examples.creating} value={value} description={examples.stages[task.stage] ?? task.stage} />;
  }
  const name = String(task.result["project_name"]);
  return (
    <Alert type="success" action={<LinkButton to={paths.dataset(name)}>{examples.goToDataset}</LinkButton>}>
      {examples.created(name)}
    </Alert>
  );
}

/** A picture that is in neither dataset, to be analysed once the model runs. */
function Sample({ example }: { example: Example }) {
  const { examples } = useTexts();
  const { identity } = useApi();
  const { data: address } = useQuery({
    queryKey: [useScope(), "example-sample", example.id],
    queryFn: () => presigned(identity, "/console/api/examples/sample", { id: example.id }),
    staleTime: 3_000_000,
  });
  if (address === undefined) return null;
  return (
    <SpaceBetween size="xs" direction="horizontal" alignItems="center">
      <img className="sample" src={address} alt={examples.sampleAlt(example.name)} loading="lazy" />
      <Button
        iconName="download"
        href={address}
        download={`${example.id}.jpeg`}
        ariaLabel={`${examples.sample}: ${example.name}`}
      >
        {examples.sample}
      </Button>
    </SpaceBetween>
  );
}
