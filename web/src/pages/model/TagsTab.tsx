import Header from "@cloudscape-design/components/header";
import Table from "@cloudscape-design/components/table";
import { paths } from "../../app/paths";
import { useTags } from "../../aws/tags";
import { ErrorAlert } from "../../components/ErrorAlert";
import { LinkButton } from "../../components/LinkButton";
import { TableEmpty } from "../../components/TableFaces";
import { useTexts } from "../../texts";
import type { Model } from "../../components/ModelFrame";

/** The tags of a model (C-24). */
export function TagsTab({ project, version }: Model) {
  const { tags: words, common } = useTexts();
  const query = useTags(version.arn);
  const items = Object.entries(query.data ?? {}).map(([key, value]) => ({ key, value }));
  const manage = <LinkButton to={paths.tags(project.name, version.name)}>{words.manage}</LinkButton>;
  if (query.error) return <ErrorAlert header={common.failedToLoad} error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <Table
      items={items}
      trackBy="key"
      loading={query.isPending}
      loadingText={common.loading}
      ariaLabels={{ tableLabel: words.title }}
      header={
        <Header variant="h2" counter={`(${items.length})`} actions={manage}>
          {words.title}
        </Header>
      }
      empty={<TableEmpty title={words.none} body={words.noneBody} />}
      columnDefinitions={[
        { id: "key", header: words.key, isRowHeader: true, cell: (tag) => <bdi className="long-text">{tag.key}</bdi> },
        { id: "value", header: words.value, cell: (tag) => <bdi className="long-text">{tag.value}</bdi> },
      ]}
    />
  );
}
