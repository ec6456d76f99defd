import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type SyntheticEvent, useState } from "react";
import { useNavigate } from "react-router";
import { paths } from "../../app/paths";
import { notify } from "../../app/shellState";
import { useSaveTags, useTags } from "../../aws/tags";
import { ErrorAlert } from "../../components/ErrorAlert";
import { Loading } from "../../components/Loading";
import { Page } from "../../components/Page";
import { type EditedTags, TagFields, tagsAreValid, tagsOf } from "../../components/TagFields";
import { useTexts } from "../../texts";
import { type Model, ModelFrame } from "../../components/ModelFrame";
import { useModelCrumbs } from "../../components/useModel";

/** Manage tags (C-24): nothing changes until it is saved. */
export function Component() {
  return <ModelFrame>{(model) => <TagsPage key={model.version.arn} {...model} />}</ModelFrame>;
}

function TagsPage({ project, version }: Model) {
  const { tags: words, common } = useTexts();
  const query = useTags(version.arn);
  const address = paths.tags(project.name, version.name);
  return (
    <Page
      title={words.manage}
      description={version.name}
      crumbs={[...useModelCrumbs({ project, version }), { text: words.manage, href: address }]}
    >
      {query.isPending && <Loading text={common.loading} />}
      {query.error && <ErrorAlert header={common.failedToLoad} error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && <TagsForm project={project} version={version} before={query.data} />}
    </Page>
  );
}

function TagsForm({ project, version, before }: Model & { before: Record<string, string> }) {
  const { tags: words } = useTexts();
  const navigate = useNavigate();
  const [edited, setEdited] = useState<EditedTags>(() => ({
    tags: Object.entries(before).map(([key, value]) => ({ key, value, existing: true })),
    areValid: true,
  }));
  const back = () => void navigate(`${paths.model(project.name, version.name)}?tab=tags`);
  const save = useSaveTags(version.arn, () => {
    notify({ type: "success", content: words.saved });
    back();
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (tagsAreValid(edited)) save.mutate({ before, after: tagsOf(edited) });
  };
  return (
    <form onSubmit={submit}>
      <Form
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" formAction="none" onClick={back}>
              {words.cancel}
            </Button>
            <Button variant="primary" loading={save.isPending}>
              {words.save}
            </Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="m">
          <Container header={<Header variant="h2">{words.title}</Header>}>
            <TagFields tags={edited} onChange={setEdited} />
          </Container>
          {save.error && <ErrorAlert error={save.error} />}
        </SpaceBetween>
      </Form>
    </form>
  );
}
