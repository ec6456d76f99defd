import type { S3Object } from "@aws-sdk/client-rekognition";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import CloudscapeLink from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import type { Project, Version } from "../api/types";
import { useS3 } from "../aws/clients";
import { downloadAddress, useDescription } from "../aws/versions";
import { keys, useScope } from "../state/live";
import { useTexts } from "../texts";
import { ErrorAlert } from "./ErrorAlert";
import { Loading } from "./Loading";
import { Modal } from "./Modal";

interface Props {
  project: Project;
  version: Version;
}

/** "Download validation results" of the table of models (C-21). */
export function ValidationDownloads({ project, version, onClose }: Props & { onClose: () => void }) {
  const { project: words, common } = useTexts();
  return (
    <Modal
      visible
      onDismiss={onClose}
      header={words.validation}
      footer={
        <Box float="right">
          <Button onClick={onClose}>{common.close}</Button>
        </Box>
      }
    >
      <ValidationLinks project={project} version={version} />
    </Modal>
  );
}

/** The three files under the guide's names (VR, MS); those that a training wrote. */
export function ValidationLinks({ project, version }: Props) {
  const { details, common } = useTexts();
  const query = useDescription(project.arn, version.arn, version.name);
  if (query.isPending) return <Loading text={common.loading} />;
  if (query.error) return <ErrorAlert header={common.failedToLoad} error={query.error} onRetry={() => void query.refetch()} />;
  const { ManifestSummary, TrainingDataResult, TestingDataResult } = query.data;
  const files = [
    { text: details.summary, name: "manifest_summary.json", place: ManifestSummary?.S3Object },
    {
      text: details.trainingManifest,
      name: "training_manifest_with_validation.json",
      place: TrainingDataResult?.Validation?.Assets?.[0]?.GroundTruthManifest?.S3Object,
    },
    {
      text: details.testManifest,
      name: "testing_manifest_with_validation.json",
      place: TestingDataResult?.Validation?.Assets?.[0]?.GroundTruthManifest?.S3Object,
    },
  ];
  const written = files.filter((file) => file.place !== undefined);
  if (written.length === 0) return <Box variant="p">{details.noDownloads}</Box>;
  return (
    <SpaceBetween size="xs">
      <Box variant="p">{details.downloadsBody}</Box>
      {written.map(({ text, name, place }) => (
        <FileLink key={name} versionArn={version.arn} text={text} name={name} place={place ?? {}} />
      ))}
    </SpaceBetween>
  );
}

function FileLink({ versionArn, text, name, place }: { versionArn: string; text: string; name: string; place: S3Object }) {
  const s3 = useS3();
  const { data: address } = useQuery({
    queryKey: keys.version(useScope(), versionArn, "download", name),
    queryFn: () => downloadAddress(s3, place, name),
    staleTime: 1_800_000,
  });
  return (
    <CloudscapeLink href={address ?? ""} variant="primary">
      {text}
    </CloudscapeLink>
  );
}
