import { CopyProjectVersionCommand } from "@aws-sdk/client-rekognition";
import Autosuggest from "@cloudscape-design/components/autosuggest";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import type { Project } from "../../api/types";
import { notify } from "../../app/shellState";
import { useRekognition } from "../../aws/clients";
import { ErrorAlert } from "../../components/ErrorAlert";
import { isProjectName } from "../../components/names";
import { useBucket, useProjects } from "../../state/live";
import { useTexts } from "../../texts";

interface Wish {
  source: string;
  sourceProject: string;
  target: string;
  name: string;
}

/** Copy a model into another project (CP-1): one of this project, or one of another account by its ARN. */
export function CopyModel({ project }: { project: Project }) {
  const { policies: words, common } = useTexts();
  const { data: projects = [] } = useProjects();
  const [source, setSource] = useState("");
  const [sourceProject, setSourceProject] = useState(project.arn);
  const [target, setTarget] = useState("");
  const [name, setName] = useState("");
  const copy = useCopy();
  const isReady = source !== "" && target !== "" && isProjectName(name);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (isReady) copy.mutate({ source, sourceProject, target, name });
  };
  return (
    <form onSubmit={submit}>
      <Container
        header={
          <Header variant="h2" description={words.copiesBody}>
            {words.copies}
          </Header>
        }
        footer={
          <Button disabled={!isReady} loading={copy.isPending}>
            {words.copy}
          </Button>
        }
      >
        <SpaceBetween size="m">
          <FormField label={words.source} constraintText={words.sourceHelp}>
            <Autosuggest
              value={source}
              empty={common.noMatches}
              enteredTextLabel={(value) => value}
              options={project.versions.map((one) => ({ value: one.arn, description: one.name }))}
              onChange={({ detail }) => setSource(detail.value)}
            />
          </FormField>
          {!source.startsWith(project.arn.split("/").slice(0, 2).join("/")) && source !== "" && (
            <FormField label={words.sourceProject}>
              <Input value={sourceProject} onChange={({ detail }) => setSourceProject(detail.value)} />
            </FormField>
          )}
          <FormField label={words.target} constraintText={words.targetHelp}>
            <Autosuggest
              value={target}
              empty={common.noMatches}
              enteredTextLabel={(value) => value}
              options={projects.map((one) => ({ value: one.arn, description: one.name }))}
              onChange={({ detail }) => setTarget(detail.value)}
            />
          </FormField>
          <FormField label={words.version}>
            <Input value={name} onChange={({ detail }) => setName(detail.value)} />
          </FormField>
          {copy.error && <ErrorAlert error={copy.error} />}
        </SpaceBetween>
      </Container>
    </form>
  );
}

function useCopy() {
  const { policies: words } = useTexts();
  const rekognition = useRekognition();
  const bucket = useBucket().data?.name ?? undefined;
  return useMutation({
    mutationFn: ({ source, sourceProject, target, name }: Wish) =>
      rekognition.send(
        new CopyProjectVersionCommand({
          SourceProjectArn: sourceProject,
          SourceProjectVersionArn: source,
          DestinationProjectArn: target,
          VersionName: name,
          OutputConfig: { S3Bucket: bucket, S3KeyPrefix: `evaluation/${name}` },
        }),
      ),
    onSuccess: (_answer, { name }) => notify({ type: "success", content: words.copied(name) }),
  });
}
