import {
  DescribeProjectVersionsCommand,
  type ProjectVersionDescription,
  type RekognitionClient,
  type S3Object,
} from "@aws-sdk/client-rekognition";
import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { useQuery } from "@tanstack/react-query";
import { keys, useScope } from "../state/live";
import { useRekognition, useS3 } from "./clients";

/** A version as DescribeProjectVersions tells it: with the places of its results. */
export function useDescription(projectArn: string, versionArn: string, versionName: string) {
  const rekognition = useRekognition();
  return useQuery({
    queryKey: keys.version(useScope(), versionArn, "description"),
    queryFn: () => describe(rekognition, projectArn, versionName),
  });
}

async function describe(client: RekognitionClient, projectArn: string, name: string): Promise<ProjectVersionDescription> {
  const answer = await client.send(new DescribeProjectVersionsCommand({ ProjectArn: projectArn, VersionNames: [name] }));
  const found = answer.ProjectVersionDescriptions?.[0];
  if (!found) throw new Error(`${name}: no such version`);
  return found;
}

export interface LabelFigures {
  Label: string;
  NumberOfTestingImages: number;
  Metrics: { F1Score: number; Precision: number; Recall: number; Threshold: number };
}

/** The evaluation summary that a training writes to S3 (ES). */
export interface Summary {
  AggregatedEvaluationResults: {
    F1Score: number;
    Precision: number;
    Recall: number;
    AveragePrecision?: number;
    AverageRecall?: number;
  };
  EvaluationDetails: { Labels: string[]; NumberOfTrainingImages: number; NumberOfTestingImages: number };
  LabelEvaluationResults: LabelFigures[];
}

export function useSummary(versionArn: string, place: S3Object | undefined) {
  const s3 = useS3();
  return useQuery({
    queryKey: keys.version(useScope(), versionArn, "summary"),
    queryFn: async () => JSON.parse(await readText(s3, place ?? {})) as Summary,
    enabled: place !== undefined,
  });
}

async function readText(s3: S3Client, place: S3Object): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: place.Bucket, Key: place.Name }));
  return (await Body?.transformToString()) ?? "";
}

/** Addresses that save an object under a name, whatever its key is. They hold for an hour. */
export async function downloadAddress(s3: S3Client, place: S3Object, fileName: string): Promise<string> {
  const command = new GetObjectCommand({
    Bucket: place.Bucket,
    Key: place.Name,
    // Saved, never shown: what S3 holds must not be rendered on the page's origin.
    ResponseContentDisposition: `attachment; filename="${fileName}"`,
    ResponseContentType: "application/octet-stream",
  });
  return getSignedUrl(s3, command, { expiresIn: 3_600 });
}
