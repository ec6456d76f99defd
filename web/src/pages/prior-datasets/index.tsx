import { useCollection } from "@cloudscape-design/collection-hooks";
import { CreateDatasetCommand, CreateProjectCommand } from "@aws-sdk/client-rekognition";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Pagination from "@cloudscape-design/components/pagination";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useNavigate } from "react-router";
import { useApi } from "../../api/client";
import type { PriorDataset } from "../../api/types";
import { paths } from "../../app/paths";
import { useRekognition } from "../../aws/clients";
import { FormDialog } from "../../components/FormDialog";
import { ErrorAlert } from "../../components/ErrorAlert";
import { useFormats } from "../../components/format";
import { InfoLink } from "../../components/InfoLink";
import { Link } from "../../components/Link";
import { isProjectName } from "../../components/names";
import { Page } from "../../components/Page";
import { TableEmpty, TableNoMatch } from "../../components/TableFaces";
import { useProjects, useScope } from "../../state/live";
import { useTexts } from "../../texts";

type Row = PriorDataset & { id: string; uri: string };

/** Prior datasets (C-1, D-19): here the manifests that trained models without a dataset. */
export function Component() {
  const { prior, common } = useTexts();
  const { rows, query } = usePriorDatasets();
  const [isCreating, setCreating] = useState(false);
  const { items, collectionProps, filterProps, filteredItemsCount, paginationProps, actions } = useCollection(rows, {
    filtering: {
      fields: ["uri", "project_name"],
      empty: <TableEmpty title={prior.none} body={prior.noneBody} />,
      noMatch: <TableNoMatch onClear={() => actions.setFiltering("")} />,
    },
    pagination: { pageSize: 30 },
    sorting: { defaultState: { sortingColumn: { sortingField: "last_used" }, isDescending: true } },
    selection: { trackBy: "id" },
  });
  const chosen = collectionProps.selectedItems?.[0];
  return (
    <Page
      title={prior.title}
      description={prior.description}
      info={<InfoLink title={prior.title}>{prior.help}</InfoLink>}
      crumbs={[{ text: prior.title, href: paths.priorDatasets }]}
    >
      {query.error && <ErrorAlert header={common.failedToLoad} error={query.error} onRetry={() => void query.refetch()} />}
      <Table<Row>
        {...collectionProps}
        items={items}
        loading={query.isPending}
        loadingText={common.loading}
        columnDefinitions={useColumns()}
        trackBy="id"
        selectionType="single"
        enableKeyboardNavigation
        wrapLines
        ariaLabels={{
          tableLabel: prior.title,
          selectionGroupLabel: prior.title,
          itemSelectionLabel: (_data, row) => prior.select(row.uri),
        }}
        header={
          <Header
            counter={`(${rows.length})`}
            actions={
              <Button variant="primary" disabled={!chosen} onClick={() => setCreating(true)}>
                {prior.create}
              </Button>
            }
          >
            {prior.title}
          </Header>
        }
        filter={
          <TextFilter
            {...filterProps}
            filteringPlaceholder={prior.find}
            filteringAriaLabel={prior.find}
            countText={common.matches(filteredItemsCount ?? 0)}
          />
        }
        pagination={<Pagination {...paginationProps} />}
      />
      {isCreating && chosen && <CreateDialog dataset={chosen} onClose={() => setCreating(false)} />}
    </Page>
  );
}

function usePriorDatasets() {
  const api = useApi();
  const { dataUpdatedAt } = useProjects();
  const query = useQuery({
    // Asked again whenever projects changed: a training may have used another manifest.
    queryKey: [useScope(), "prior-datasets", dataUpdatedAt],
    queryFn: ({ signal }) => api.get("/prior-datasets", {}, signal),
    placeholderData: (old) => old,
  });
  const rows = useMemo(
    () =>
      (query.data?.datasets ?? []).map((one) => ({
        ...one,
        id: JSON.stringify([one.project, one.type, one.bucket, one.key, one.version]),
        uri: `s3://${one.bucket}/${one.key}`,
      })),
    [query.data],
  );
  return { rows, query };
}

function useColumns(): TableProps.ColumnDefinition<Row>[] {
  const { columns, types, yes, no } = useTexts().prior;
  const { moment } = useFormats();
  return [
    {
      id: "manifest",
      header: columns.manifest,
      sortingField: "uri",
      isRowHeader: true,
      cell: (row) => <bdi className="long-text">{row.uri}</bdi>,
    },
    { id: "type", header: columns.type, sortingField: "type", cell: (row) => types[row.type] ?? row.type },
    {
      id: "project",
      header: columns.project,
      sortingField: "project_name",
      cell: (row) => <Link to={paths.project(row.project_name)}>{row.project_name}</Link>,
    },
    { id: "models", header: columns.models, cell: (row) => row.versions.length },
    { id: "associated", header: columns.associated, sortingField: "associated", cell: (row) => (row.associated ? yes : no) },
    { id: "used", header: columns.used, sortingField: "last_used", cell: (row) => moment(row.last_used) },
  ];
}

/** "Create a project": the dataset becomes its training dataset. */
function CreateDialog({ dataset, onClose }: { dataset: Row; onClose: () => void }) {
  const { prior, createProject } = useTexts();
  const rekognition = useRekognition();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const create = useMutation({
    mutationFn: async () => {
      const { ProjectArn } = await rekognition.send(new CreateProjectCommand({ ProjectName: name }));
      const S3Object = { Bucket: dataset.bucket, Name: dataset.key, ...(dataset.version ? { Version: dataset.version } : {}) };
      await rekognition.send(
        new CreateDatasetCommand({ ProjectArn, DatasetType: "TRAIN", DatasetSource: { GroundTruthManifest: { S3Object } } }),
      );
    },
    onSuccess: () => navigate(paths.project(name)),
  });
  return (
    <FormDialog
      title={prior.window}
      button={createProject.create}
      isReady={isProjectName(name)}
      isPending={create.isPending}
      error={create.error}
      onSubmit={() => create.mutate()}
      onClose={onClose}
    >
      <Box variant="p">{prior.windowBody(dataset.uri)}</Box>
      <FormField
        label={createProject.name}
        constraintText={createProject.nameHelp}
        errorText={name !== "" && !isProjectName(name) ? createProject.nameError : ""}
      >
        <Input value={name} onChange={({ detail }) => setName(detail.value)} />
      </FormField>
    </FormDialog>
  );
}
