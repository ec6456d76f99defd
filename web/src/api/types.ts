import type { components, operations } from "./schema";

/**
 * What /console/api answers, takes and tells: names for the types that are generated from its document
 * (`npm run generate`). Moments are seconds since the epoch, boxes pixels of the upright picture.
 */
type Schemas = components["schemas"];

export type Bucket = Schemas["BucketDocument"];
export type Project = Schemas["ProjectDocument"];
export type ProjectDataset = Schemas["DatasetDocument"];
export type DatasetType = ProjectDataset["type"];
export type Version = Schemas["VersionDocument"];
export type Training = Schemas["TrainingDocument"];
export type Task = Schemas["TaskDocument"];
export type Clock = Schemas["ClockDocument"];
export type Example = Schemas["ExampleDocument"];
export type PriorDataset = Schemas["PriorDataset"];

/** The data of every event of the stream, by the event's name. */
export type ConsoleEvents = operations["get_events"]["responses"][200]["content"]["text/event-stream"];

export type Decision = Schemas["DecisionDocument"];

export type VersionFigures = Schemas["VersionFigures"];
export type FigureInterval = Schemas["FigureInterval"];
export type QualityHint = Schemas["QualityHint"];
export type UsedImages = Schemas["UsedImages"];

export type Results = Schemas["ResultPage"];
export type ResultItem = Schemas["TestedImage"];
export type ResultType = Schemas["ImageResult"]["result"];
export type PixelBox = Schemas["ResultBox"];

export type DatasetEntry = Schemas["Entry"];
export type LabelCount = Schemas["LabelEntry"];
export type Counts = Schemas["Counts"];
/** A rule of docs/errors.md. */
export type CatalogueRule = Schemas["ErrorEntry"];
export type EntryQuery = operations["dataset_entries"]["parameters"]["query"];
