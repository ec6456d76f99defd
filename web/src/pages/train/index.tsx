import { CreateProjectVersionCommand } from "@aws-sdk/client-rekognition";
import Alert from "@cloudscape-design/components/alert";
import Autosuggest from "@cloudscape-design/components/autosuggest";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Checkbox from "@cloudscape-design/components/checkbox";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import type { Project } from "../../api/types";
import { paths } from "../../app/paths";
import { notify } from "../../app/shellState";
import { useRekognition } from "../../aws/clients";
import { ConfirmDialog } from "../../components/ConfirmDialog";
import { ErrorAlert } from "../../components/ErrorAlert";
import { InfoLink } from "../../components/InfoLink";
import { LinkButton } from "../../components/LinkButton";
import { Loading } from "../../components/Loading";
import { versionName } from "../../components/names";
import { Page } from "../../components/Page";
import { testDataset, trainingDataset } from "../../components/states";
import { type EditedTags, EMPTY_TAGS, TagFields, tagsAreValid, tagsOf } from "../../components/TagFields";
import { useBucket, useProjects } from "../../state/live";
import { useTexts } from "../../texts";

/** Train model (C-14, C-28). */
export function Component() {
  const { train, navigation, common } = useTexts();
  const query = useProjects();
  const wanted = useSearchParams()[0].get("project");
  const crumbs = [
    { text: navigation.projects, href: paths.projects },
    ...(wanted === null ? [] : [{ text: wanted, href: paths.project(wanted) }]),
    { text: train.title, href: paths.train(wanted ?? undefined) },
  ];
  return (
    <Page title={train.title} info={<InfoLink title={train.title}>{train.help}</InfoLink>} crumbs={crumbs}>
      {query.isPending && <Loading text={common.loading} />}
      {query.error && <ErrorAlert header={common.failedToLoad} error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && <TrainForm key={wanted} projects={query.data} initial={query.data.find((one) => one.name === wanted)?.arn ?? ""} />}
    </Page>
  );
}

function TrainForm({ projects, initial }: { projects: readonly Project[]; initial: string }) {
  const { train, common } = useTexts();
  const navigate = useNavigate();
  const [arn, setArn] = useState(initial);
  const [isTouched, setTouched] = useState(false);
  const [isCustom, setCustom] = useState(false);
  const [key, setKey] = useState("");
  const [tags, setTags] = useState<EditedTags>(EMPTY_TAGS);
  const [isAsking, setAsking] = useState(false);
  const project = projects.find((one) => one.arn === arn.trim());
  const isReady = project !== undefined && trainingDataset(project) !== undefined && tagsAreValid(tags);

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setTouched(true);
    if (isReady) setAsking(true);
  };
  return (
    <>
    <form onSubmit={submit}>
      <Form
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" formAction="none" onClick={() => void navigate(project ? paths.project(project.name) : paths.projects)}>
              {common.cancel}
            </Button>
            <Button variant="primary" disabled={project !== undefined && !isReady}>
              {train.button}
            </Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          <Container header={<Header variant="h2">{train.details}</Header>}>
            <SpaceBetween size="m">
              <FormField
                label={train.choose}
                constraintText={train.chooseHelp}
                errorText={isTouched && !project ? train.unknown : ""}
              >
                <Autosuggest
                  value={arn}
                  placeholder={train.placeholder}
                  enteredTextLabel={(value) => value}
                  options={projects.map((one) => ({ value: one.arn, description: one.name }))}
                  empty={common.noMatches}
                  onChange={({ detail }) => setArn(detail.value)}
                  onBlur={() => setTouched(arn !== "")}
                />
              </FormField>
              {project && <DatasetNote project={project} />}
            </SpaceBetween>
          </Container>
          <Container header={<Header variant="h2">{train.encryption}</Header>}>
            <SpaceBetween size="m">
              <Box variant="p">{train.encryptionBody}</Box>
              <Checkbox checked={isCustom} onChange={({ detail }) => setCustom(detail.checked)}>
                {train.customize}
              </Checkbox>
              {isCustom && (
                <FormField label={train.key} constraintText={train.keyHelp}>
                  <Input value={key} onChange={({ detail }) => setKey(detail.value)} />
                </FormField>
              )}
            </SpaceBetween>
          </Container>
          <Container header={<Header variant="h2">{train.tags}</Header>}>
            <TagFields tags={tags} onChange={setTags} />
          </Container>
        </SpaceBetween>
      </Form>
    </form>
      {/* Beside the form: React lets a dialog's submit rise to the form that it stands in. */}
      {isAsking && project && (
        <TrainDialog project={project} kmsKey={isCustom ? key.trim() : ""} tags={tags} onClose={() => setAsking(false)} />
      )}
    </>
  );
}

function DatasetNote({ project }: { project: Project }) {
  const { train } = useTexts();
  if (!trainingDataset(project)) {
    return (
      <Alert type="warning" action={<LinkButton to={paths.createDataset(project.name)}>{train.createDataset}</LinkButton>}>
        {train.noDataset}
      </Alert>
    );
  }
  return testDataset(project) ? null : <Alert type="info">{train.split}</Alert>;
}

interface DialogProps {
  project: Project;
  kmsKey: string;
  tags: EditedTags;
  onClose: () => void;
}

/** "Do you want to train your model?" */
function TrainDialog({ project, kmsKey, tags, onClose }: DialogProps) {
  const { train } = useTexts();
  const rekognition = useRekognition();
  const navigate = useNavigate();
  const bucket = useBucket().data?.name;
  const begin = useMutation({
    mutationFn: async () => {
      const name = versionName(project.name, new Date());
      await rekognition.send(
        new CreateProjectVersionCommand({
          ProjectArn: project.arn,
          VersionName: name,
          OutputConfig: { S3Bucket: bucket ?? undefined, S3KeyPrefix: `evaluation/${project.name}` },
          Tags: tagsOf(tags),
          ...(kmsKey ? { KmsKeyId: kmsKey } : {}),
        }),
      );
      return name;
    },
    onSuccess: (name) => {
      notify({ type: "success", content: train.started(name) });
      void navigate(paths.project(project.name));
    },
  });
  return (
    <ConfirmDialog
      title={train.confirmTitle}
      button={train.confirm}
      isPending={begin.isPending}
      error={begin.error}
      onConfirm={() => begin.mutate()}
      onClose={onClose}
    >
      <Box variant="p">{train.confirmBody(project.name)}</Box>
    </ConfirmDialog>
  );
}
