import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useCollection } from "@cloudscape-design/collection-hooks";
import { useMemo, useState } from "react";
import { useNavigate } from "react-router";
import { paths } from "../../app/paths";
import { DeleteModelsDialog } from "../../components/deletion/DeleteModelsDialog";
import { DeleteProjectDialog } from "../../components/deletion/DeleteProjectDialog";
import { ErrorAlert } from "../../components/ErrorAlert";
import { LinkButton } from "../../components/LinkButton";
import { Page } from "../../components/Page";
import { isBusy } from "../../components/states";
import { TableEmpty, TableNoMatch } from "../../components/TableFaces";
import { useProjects } from "../../state/live";
import { useTexts } from "../../texts";
import { type Row, rowsOf, useColumns } from "./rows";

const PAGE_SIZE = 30;

/** Projects (C-5): a table of projects that open to their versions; states move by themselves. */
export function Component() {
  const { projects: words, navigation, common } = useTexts();
  const query = useProjects();
  const navigate = useNavigate();
  const rows = useMemo(() => rowsOf(query.data ?? []), [query.data]);
  const [isDeleting, setDeleting] = useState(false);
  const columns = useColumns();
  const { items, collectionProps, filterProps, filteredItemsCount, paginationProps, actions } = useCollection(rows, {
    expandableRows: { getId: (row) => row.id, getParentId: (row) => row.parent },
    filtering: {
      fields: ["name", "status", "message"],
      empty: <TableEmpty title={words.empty} body={words.emptyBody} action={<LinkButton to={paths.createProject}>{words.create}</LinkButton>} />,
      noMatch: <TableNoMatch onClear={() => actions.setFiltering("")} />,
    },
    pagination: { pageSize: PAGE_SIZE },
    sorting: { defaultState: { sortingColumn: { sortingField: "created" }, isDescending: true } },
    selection: { trackBy: "id" },
  });
  const selected = rows.find((row) => row.id === collectionProps.selectedItems?.[0]?.id);
  const project = selected && query.data?.find((one) => one.arn === selected.projectArn);
  const version = project?.versions.find((one) => one.arn === selected?.id);
  return (
    <Page title={words.title} crumbs={[{ text: navigation.projects, href: paths.projects }]}>
      {query.error && <ErrorAlert header={common.failedToLoad} error={query.error} onRetry={() => void query.refetch()} />}
      <Table<Row>
        {...collectionProps}
        items={items}
        columnDefinitions={columns}
        loading={query.isPending}
        loadingText={common.loading}
        trackBy="id"
        selectionType="single"
        isItemDisabled={(row) => row.version !== null && isBusy(row.version)}
        enableKeyboardNavigation
        stickyHeader
        resizableColumns
        wrapLines
        variant="container"
        ariaLabels={{
          tableLabel: words.table,
          selectionGroupLabel: words.selectionGroup,
          itemSelectionLabel: (_data, row) => words.select(row.name),
          expandButtonLabel: (row) => words.expand(row.name),
          collapseButtonLabel: (row) => words.collapse(row.name),
        }}
        header={
          <Header
            counter={`(${query.data?.length ?? 0})`}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button disabled={!selected} onClick={() => setDeleting(true)}>
                  {words.delete}
                </Button>
                <Button disabled={!project} onClick={() => project && void navigate(paths.train(project.name))}>
                  {words.train}
                </Button>
                <LinkButton variant="primary" to={paths.createProject}>
                  {words.create}
                </LinkButton>
              </SpaceBetween>
            }
          >
            {words.title}
          </Header>
        }
        filter={
          <TextFilter
            {...filterProps}
            filteringPlaceholder={words.search}
            filteringAriaLabel={words.search}
            countText={common.matches(filteredItemsCount ?? 0)}
          />
        }
        pagination={<Pagination {...paginationProps} />}
      />
      <Box>
        {isDeleting && project && !version && <DeleteProjectDialog project={project} onClose={() => setDeleting(false)} />}
        {isDeleting && project && version && <DeleteModelsDialog versions={[version]} onClose={() => setDeleting(false)} />}
      </Box>
    </Page>
  );
}
