import { CreateProjectCommand } from "@aws-sdk/client-rekognition";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { useNavigate } from "react-router";
import { paths } from "../../app/paths";
import { useRekognition } from "../../aws/clients";
import { codeOf, ErrorAlert } from "../../components/ErrorAlert";
import { InfoLink } from "../../components/InfoLink";
import { Page } from "../../components/Page";
import { isProjectName, nameWarning } from "../../components/names";
import { EMPTY_TAGS, TagFields, tagsAreValid, tagsOf } from "../../components/TagFields";
import { useTexts } from "../../texts";

/** Create project (C-6): a name by the API's rule, with a word where AWS's console is stricter (P-3). */
export function Component() {
  const texts = useTexts();
  const { createProject, navigation } = texts;
  const rekognition = useRekognition();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [tags, setTags] = useState(EMPTY_TAGS);
  const [isTouched, setTouched] = useState(false);
  const create = useMutation({
    mutationFn: () => rekognition.send(new CreateProjectCommand({ ProjectName: name, Tags: tagsOf(tags) })),
    onSuccess: () => navigate(paths.project(name)),
  });
  const isTaken = codeOf(create.error) === "ResourceInUseException";
  const nameError = isTouched && !isProjectName(name) ? createProject.nameError : isTaken ? create.error?.message : "";

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setTouched(true);
    if (isProjectName(name) && tagsAreValid(tags) && !create.isPending) create.mutate();
  };
  return (
    <Page
      title={createProject.title}
      info={<InfoLink title={createProject.title}>{createProject.help}</InfoLink>}
      crumbs={[
        { text: navigation.projects, href: paths.projects },
        { text: createProject.title, href: paths.createProject },
      ]}
    >
      <form onSubmit={submit}>
        <Form
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button variant="link" formAction="none" onClick={() => void navigate(paths.projects)}>
                {createProject.cancel}
              </Button>
              <Button variant="primary" loading={create.isPending}>
                {createProject.create}
              </Button>
            </SpaceBetween>
          }
        >
          <SpaceBetween size="l">
            <Container header={<Header variant="h2">{createProject.details}</Header>}>
              <FormField
                label={createProject.name}
                constraintText={createProject.nameHelp}
                errorText={nameError}
                warningText={nameWarning(name) ? createProject.nameWarning : ""}
              >
                <Input
                  value={name}
                  autoFocus
                  onChange={({ detail }) => {
                    setName(detail.value);
                    if (create.error) create.reset();
                  }}
                  onBlur={() => setTouched(name !== "")}
                />
              </FormField>
            </Container>
            <Container header={<Header variant="h2">{createProject.tags}</Header>}>
              <TagFields tags={tags} onChange={setTags} />
            </Container>
            {create.error && !isTaken && <ErrorAlert error={create.error} />}
          </SpaceBetween>
        </Form>
      </form>
    </Page>
  );
}
