import "./dataset.css";
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import RadioGroup from "@cloudscape-design/components/radio-group";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useNavigate, useParams, useSearchParams } from "react-router";
import type { DatasetType, Project } from "../../api/types";
import { nameOf, paths } from "../../app/paths";
import { ErrorAlert } from "../../components/ErrorAlert";
import { InfoLink } from "../../components/InfoLink";
import { LinkButton } from "../../components/LinkButton";
import { Loading } from "../../components/Loading";
import { NotFound } from "../../components/NotFound";
import { Page } from "../../components/Page";
import { useProject } from "../../state/live";
import { useTexts } from "../../texts";
import { CreationProgress } from "./create/CreationProgress";
import { SourceFields } from "./create/SourceFields";
import { EMPTY_SOURCE, type Source, sourceProblem } from "./create/source";
import { useCreation } from "./create/useCreation";

/** The Create dataset page (C-8). */
export function Component() {
  const { project: name = "" } = useParams();
  const { common } = useTexts();
  const project = useProject(nameOf(name));
  if (project.isPending) return <Loading text={common.loading} />;
  if (project.error)
    return <ErrorAlert error={project.error} header={common.failedToLoad} onRetry={() => void project.refetch()} />;
  if (!project.data) return <NotFound />;
  return <CreateDataset key={project.data.arn} project={project.data} />;
}

/** The datasets that the form offers to make: those that the project does not have, or the one that was asked for. */
function offered(project: Project, wanted: string | null): DatasetType[] {
  const missing = (["TRAIN", "TEST"] as const).filter((type) => project.datasets.every((one) => one.type !== type));
  return wanted === null ? missing : missing.filter((type) => type === wanted);
}

function CreateDataset({ project }: { project: Project }) {
  const { createDataset: texts, navigation, common } = useTexts();
  const [parameters] = useSearchParams();
  const navigate = useNavigate();
  // What the form offers is decided once: the project gets its datasets while the form is still here.
  const [types] = useState(() => offered(project, parameters.get("type")));
  const [isSingle, setSingle] = useState(false);
  const [training, setTraining] = useState<Source>(EMPTY_SOURCE);
  const [test, setTest] = useState<Source>(EMPTY_SOURCE);
  const [isChecked, setChecked] = useState(false);
  const creation = useCreation(project);
  const wanted = types.length === 2 && isSingle ? (["TRAIN"] as const) : types;
  const sources = { TRAIN: training, TEST: test };
  const submit = () => {
    setChecked(true);
    if (wanted.some((type) => sourceProblem(sources[type]) !== null)) return;
    void creation.create(wanted.map((type) => ({ type, source: sources[type] })));
  };
  const crumbs = [
    { text: navigation.projects, href: paths.projects },
    { text: project.name, href: paths.project(project.name) },
    { text: texts.title, href: paths.createDataset(project.name) },
  ];
  if (types.length === 0) {
    return (
      <Page title={texts.title} crumbs={crumbs}>
        <Alert type="info" action={<LinkButton to={paths.dataset(project.name)}>{texts.toDataset}</LinkButton>}>
          {texts.exists}
        </Alert>
      </Page>
    );
  }
  return (
    <Page title={texts.title} crumbs={crumbs} info={<InfoLink title={texts.title}>{texts.info}</InfoLink>}>
      {creation.items.length > 0 ? (
        <CreationProgress project={project} creation={creation} />
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <Form
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button formAction="none" variant="link" onClick={() => void navigate(paths.project(project.name))}>
                  {common.cancel}
                </Button>
                <Button variant="primary">{wanted.length === 2 ? texts.submitTwo : texts.submitOne}</Button>
              </SpaceBetween>
            }
          >
            <SpaceBetween size="l">
              {types.length === 2 && <Starting isSingle={isSingle} onChange={setSingle} />}
              {wanted.map((type) => (
                <Container
                  key={type}
                  header={<Header variant="h2">{type === "TRAIN" ? texts.trainingDetails : texts.testDetails}</Header>}
                >
                  <SourceFields
                    source={sources[type]}
                    isChecked={isChecked}
                    onChange={type === "TRAIN" ? setTraining : setTest}
                  />
                </Container>
              ))}
            </SpaceBetween>
          </Form>
        </form>
      )}
    </Page>
  );
}

function Starting({ isSingle, onChange }: { isSingle: boolean; onChange: (isSingle: boolean) => void }) {
  const { createDataset: texts } = useTexts();
  const help = (
    <InfoLink title={texts.whatTitle}>
      <Box variant="p">{texts.whatTraining}</Box>
      <Box variant="p">{texts.whatTest}</Box>
    </InfoLink>
  );
  return (
    <Container
      header={
        <Header variant="h2" info={help}>
          {texts.starting}
        </Header>
      }
    >
      <FormField label={texts.options} stretch>
        <RadioGroup
          value={isSingle ? "single" : "two"}
          onChange={({ detail }) => onChange(detail.value === "single")}
          items={[
            { value: "single", label: texts.single, description: texts.singleText },
            { value: "two", label: texts.two, description: texts.twoText },
          ]}
        />
      </FormField>
    </Container>
  );
}
