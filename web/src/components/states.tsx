import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import type { Project, Version } from "../api/types";
import { type Texts, useTexts } from "../texts";
import { Breakable } from "./Breakable";

const FACES: Record<string, StatusIndicatorProps.Type> = {
  TRAINING_IN_PROGRESS: "in-progress",
  TRAINING_COMPLETED: "success",
  TRAINING_FAILED: "error",
  STARTING: "in-progress",
  RUNNING: "success",
  FAILED: "error",
  STOPPING: "in-progress",
  STOPPED: "stopped",
  DELETING: "pending",
  COPYING_IN_PROGRESS: "in-progress",
  COPYING_COMPLETED: "success",
  COPYING_FAILED: "error",
  CREATE_IN_PROGRESS: "in-progress",
  CREATE_COMPLETE: "success",
  CREATE_FAILED: "error",
  UPDATE_IN_PROGRESS: "in-progress",
  UPDATE_COMPLETE: "success",
  UPDATE_FAILED: "error",
  DELETE_IN_PROGRESS: "pending",
  CREATING: "in-progress",
  CREATED: "success",
};

/** A state by its name in the API, which is never translated. */
export function State({ status, isWarned = false }: { status: string; isWarned?: boolean }) {
  return (
    <span className="state">
      <StatusIndicator type={isWarned ? "warning" : (FACES[status] ?? "info")}>
        <Breakable text={status} />
      </StatusIndicator>
    </span>
  );
}

/** What the service says of a version's state (C-16). */
export function messageOfVersion(version: Version, texts: Texts): string {
  return version.status_message || (texts.states.messages[version.status] ?? texts.common.none);
}

export function VersionMessage({ version }: { version: Version }) {
  return <span className="long-text">{messageOfVersion(version, useTexts())}</span>;
}

/** Whether a version runs or is at work, so that it cannot be deleted (C-26). */
export function isBusy(version: Version): boolean {
  return ["TRAINING_IN_PROGRESS", "STARTING", "RUNNING", "STOPPING", "COPYING_IN_PROGRESS", "DELETING"].includes(version.status);
}

/** Whether a version has a model that can be started. */
export function canStart(version: Version): boolean {
  return ["TRAINING_COMPLETED", "COPYING_COMPLETED", "STOPPED", "FAILED"].includes(version.status);
}

export const trainingDataset = (project: Project) => project.datasets.find((one) => one.type === "TRAIN");
export const testDataset = (project: Project) => project.datasets.find((one) => one.type === "TEST");
