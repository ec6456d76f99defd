import { StartProjectVersionCommand, StopProjectVersionCommand } from "@aws-sdk/client-rekognition";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { Version } from "../../api/types";
import { useRekognition } from "../../aws/clients";
import { ConfirmDialog } from "../../components/ConfirmDialog";
import { KeyValues } from "../../components/KeyValues";
import { canStart } from "../../components/states";
import { type Texts, useTexts } from "../../texts";
import { ApiCode } from "./ApiCode";
import type { Model } from "../../components/ModelFrame";
import { TryImage } from "./try/TryImage";

/** Start or stop the model, try an image, code that uses it (C-22, C-23). */
export function UseModel({ project, version }: Model) {
  return (
    <SpaceBetween size="l">
      <StartStop version={version} />
      <TryImage version={version} />
      <ApiCode project={project} version={version} />
    </SpaceBetween>
  );
}

const UNITS = [1, 2, 3, 4, 5];

function StartStop({ version }: { version: Version }) {
  const texts = useTexts();
  const { use } = texts;
  const [units, setUnits] = useState(1);
  const [dialog, setDialog] = useState<"start" | "stop" | null>(null);
  const isRunning = version.status === "RUNNING";
  const face = faceOf(version, texts);
  const options = UNITS.map((n) => ({ value: String(n), label: use.unit(n) }));
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            isRunning ? (
              <Button onClick={() => setDialog("stop")}>{use.stop}</Button>
            ) : (
              <Button variant="primary" disabled={!canStart(version)} loading={version.status === "STARTING"} onClick={() => setDialog("start")}>
                {use.start}
              </Button>
            )
          }
        >
          {use.title}
        </Header>
      }
    >
      <SpaceBetween size="m">
        <StatusIndicator type={face.type}>{face.text}</StatusIndicator>
        <Box variant="p">{face.body}</Box>
        {isRunning ? (
          <KeyValues columns={1} items={[{ label: use.unitsNow, value: use.unit(version.min_inference_units ?? 1) }]} />
        ) : (
          <FormField label={use.units} description={use.unitsBody}>
            <Select
              selectedOption={options.find((one) => one.value === String(units)) ?? null}
              options={options}
              disabled={!canStart(version)}
              onChange={({ detail }) => setUnits(Number(detail.selectedOption.value))}
            />
          </FormField>
        )}
        {version.status === "FAILED" && version.status_message && <Box color="text-status-error">{version.status_message}</Box>}
      </SpaceBetween>
      {dialog === "start" && <StartDialog version={version} units={units} onClose={() => setDialog(null)} />}
      {dialog === "stop" && <StopDialog version={version} onClose={() => setDialog(null)} />}
    </Container>
  );
}

function faceOf(version: Version, { use }: Texts): { type: StatusIndicatorProps.Type; text: string; body: string } {
  switch (version.status) {
    case "RUNNING":
      return { type: "success", text: use.running, body: use.runningBody };
    case "STARTING":
      return { type: "in-progress", text: use.starting, body: use.stoppedBody };
    case "STOPPING":
      return { type: "in-progress", text: use.stopping, body: use.stoppedBody };
    default:
      return canStart(version)
        ? { type: "stopped", text: use.stopped, body: use.stoppedBody }
        : { type: "pending", text: use.notReady, body: use.notReadyBody };
  }
}

interface DialogProps {
  version: Version;
  onClose: () => void;
}

function StartDialog({ version, units, onClose }: DialogProps & { units: number }) {
  const { use } = useTexts();
  const rekognition = useRekognition();
  const start = useMutation({
    mutationFn: () =>
      rekognition.send(new StartProjectVersionCommand({ ProjectVersionArn: version.arn, MinInferenceUnits: units })),
    onSuccess: onClose,
  });
  return (
    <ConfirmDialog
      title={use.startTitle}
      button={use.start}
      isPending={start.isPending}
      error={start.error}
      onConfirm={() => start.mutate()}
      onClose={onClose}
    >
      <Box variant="p">{use.startBody}</Box>
      <Box variant="p">{use.unit(units)}</Box>
    </ConfirmDialog>
  );
}

function StopDialog({ version, onClose }: DialogProps) {
  const { use } = useTexts();
  const rekognition = useRekognition();
  const stop = useMutation({
    mutationFn: () => rekognition.send(new StopProjectVersionCommand({ ProjectVersionArn: version.arn })),
    onSuccess: onClose,
  });
  return (
    <ConfirmDialog
      title={use.stopTitle}
      button={use.stop}
      word="stop"
      wordLabel={use.stopConfirm}
      isPending={stop.isPending}
      error={stop.error}
      onConfirm={() => stop.mutate()}
      onClose={onClose}
    >
      <Box variant="p">{use.stopBody}</Box>
    </ConfirmDialog>
  );
}
