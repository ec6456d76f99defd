import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Header from "@cloudscape-design/components/header";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useApi } from "../api/client";
import type { Training, Version } from "../api/types";
import { useTrainings } from "../state/live";
import { useTexts } from "../texts";
import { ConfirmDialog } from "./ConfirmDialog";
import { useFormats } from "./format";
import { Loading } from "./Loading";

const LossCurve = lazy(() => import("./LossCurve"));

/** A training as it goes: stage, step, seconds left, loss, place in the queue; and the way to end it. */
export function TrainingPanel({ version }: { version: Version }) {
  const { training: words, common } = useTexts();
  const training = useTrainings().find((one) => one.version_arn === version.arn);
  const [isAsking, setAsking] = useState(false);
  return (
    <Container
      header={
        <Header variant="h2" description={version.name} actions={<Button onClick={() => setAsking(true)}>{words.cancel}</Button>}>
          {words.title}
        </Header>
      }
    >
      {training ? <Progress training={training} /> : <Loading text={common.loading} />}
      {isAsking && <CancelDialog version={version} onClose={() => setAsking(false)} />}
    </Container>
  );
}

function Progress({ training }: { training: Training }) {
  const { training: words, common } = useTexts();
  const { duration } = useFormats();
  if (training.place_in_queue !== null) return <Loading text={words.queue(training.place_in_queue)} />;
  const share = training.total > 0 ? (100 * training.done) / training.total : 0;
  const left = training.seconds_left === null ? words.since(duration(training.seconds)) : words.left(duration(training.seconds_left));
  return (
    <SpaceBetween size="m">
      <ProgressBar
        value={share}
        label={words.stage(training.stage, training.done, training.total)}
        description={left}
        ariaLabel={words.title}
      />
      <ExpandableSection headerText={words.curve} defaultExpanded>
        {training.curve.length > 1 ? (
          <Suspense fallback={<Loading text={common.loading} />}>
            <LossCurve curve={training.curve} />
          </Suspense>
        ) : (
          <Box color="text-status-inactive">{words.noCurve}</Box>
        )}
      </ExpandableSection>
    </SpaceBetween>
  );
}

function CancelDialog({ version, onClose }: { version: Version; onClose: () => void }) {
  const { training: words } = useTexts();
  const api = useApi();
  const cancel = useMutation({
    mutationFn: () => api.post("/training/cancel", { version: version.arn }),
    onSuccess: onClose,
  });
  return (
    <ConfirmDialog
      title={words.cancelTitle}
      button={words.cancel}
      closeText={words.keep}
      isPending={cancel.isPending}
      error={cancel.error}
      onConfirm={() => cancel.mutate()}
      onClose={onClose}
    >
      <Box variant="p">{words.cancelBody}</Box>
    </ConfirmDialog>
  );
}
