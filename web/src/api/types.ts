/** What /console/api answers and takes. Moments are seconds since the epoch, boxes pixels of the upright picture. */

export type DatasetType = "TRAIN" | "TEST";

export interface ProjectDataset {
  arn: string;
  type: DatasetType;
  name: string;
  status: string;
  status_message: string | null;
  created: number;
  updated: number;
  total_entries: number;
  labeled_entries: number;
  error_entries: number;
  total_labels: number;
}

export interface Training {
  version_arn: string;
  stage: string;
  done: number;
  total: number;
  began: number | null;
  seconds: number;
  seconds_left: number | null;
  place_in_queue: number | null;
  curve: { stage: string; step: number; loss: number }[];
}

export interface Version {
  arn: string;
  name: string;
  status: string;
  status_message: string | null;
  created: number;
  training_ended: number | null;
  billable_seconds: number | null;
  f1_score: number | null;
  min_inference_units: number | null;
  max_inference_units: number | null;
  source_version_arn: string | null;
  training_dataset: string | null;
  test_dataset: string | null;
  kms_key_id: string | null;
  training: Training | null;
}

export interface Project {
  arn: string;
  name: string;
  status: string;
  created: number;
  datasets: ProjectDataset[];
  versions: Version[];
}

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

export interface About {
  version: string;
  s3: "embedded" | "external";
  control_enabled: boolean;
  control_token_required: boolean;
  auth: string;
  default_account: string;
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

export interface VersionFigures {
  training: { images: number; labels: number } | null;
  testing: { images: number; labels: number } | null;
}

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
