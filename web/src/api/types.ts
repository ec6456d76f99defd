import type { components } from "./schema";

/**
 * What /console/api answers and takes: names for the types that are generated from its document (`npm run generate`).
 * Moments are seconds since the epoch, boxes pixels of the upright picture.
 */
type Schemas = components["schemas"];

export type DatasetType = "TRAIN" | "TEST";
export type About = Schemas["AboutDocument"];
export type Bucket = Schemas["BucketDocument"];
export type ProjectDataset = Schemas["DatasetDocument"] & { type: DatasetType };
export type Project = Omit<Schemas["ProjectDocument"], "datasets"> & { datasets: ProjectDataset[] };
export type Version = Schemas["VersionDocument"];
export type Training = Schemas["TrainingDocument"];

export interface Task {
  id: number;
  kind: string;
  state: "running" | "done" | "failed";
  stage: string;
  done: number;
  total: number;
  message: string;
  started: number;
  ended: number | null;
  project_arn: string | null;
  result: Record<string, unknown>;
}

export interface Clock {
  mode: "real" | "manual";
  now: number;
}

export interface Snapshot {
  instance: string;
  projects: Project[];
  trainings: Training[];
  tasks: Task[];
  clock: Clock;
  bucket: string | null;
}

export interface Example {
  id: "rooms" | "flowers" | "logos" | "circuit-boards";
  name: string;
  labels: string[];
  training_images: number;
  test_images: number;
  boxes: boolean;
}

export type VersionFigures = Schemas["VersionFigures"];
export type FigureInterval = Schemas["FigureInterval"];
export type QualityHint = Schemas["QualityHint"];

export type ResultType = "TP" | "FP" | "FN";

export interface PixelBox {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface ResultItem {
  source_ref: string;
  bucket: string;
  key: string;
  name: string;
  image_size: { width: number; height: number } | null;
  results: { label: string; result: ResultType; confidence: number | null; box: PixelBox | null }[];
  truth: { label: string; box: PixelBox | null }[];
}

export interface Results {
  kind: "labels" | "boxes";
  total: number;
  offset: number;
  labels: string[];
  counts: { images: number; TP: number; FP: number; FN: number };
  items: ResultItem[];
}

export interface PriorDataset {
  type: DatasetType;
  bucket: string;
  key: string;
  version: string | null;
  project: string;
  project_name: string;
  versions: string[];
  associated: boolean;
  last_used: number;
}
