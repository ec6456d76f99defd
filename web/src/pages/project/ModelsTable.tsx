import { useCollection } from "@cloudscape-design/collection-hooks";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useState } from "react";
import type { Project, Version } from "../../api/types";
import { paths } from "../../app/paths";
import { Breakable } from "../../components/Breakable";
import { DeleteModelsDialog } from "../../components/deletion/DeleteModelsDialog";
import { useFormats } from "../../components/format";
import { Link } from "../../components/Link";
import { LinkButton } from "../../components/LinkButton";
import { isBusy, State, trainingDataset, VersionMessage } from "../../components/states";
import { TableEmpty, TableNoMatch } from "../../components/TableFaces";
import { ValidationDownloads } from "../../components/ValidationDownloads";
import { useTexts } from "../../texts";

/** "Models (n)" of a project (C-7, C-26). */
export function ModelsTable({ project }: { project: Project }) {
  const { project: words, common } = useTexts();
  const [dialog, setDialog] = useState<"delete" | "validation" | null>(null);
  const { items, collectionProps, filterProps, filteredItemsCount, paginationProps, actions } = useCollection(project.versions, {
    filtering: {
      fields: ["name", "status", "status_message"],
      empty: <TableEmpty title={words.noModels} body={words.noModelsBody} />,
      noMatch: <TableNoMatch onClear={() => actions.setFiltering("")} />,
    },
    pagination: { pageSize: 20 },
    sorting: { defaultState: { sortingColumn: { sortingField: "created" }, isDescending: true } },
    selection: { trackBy: "arn" },
  });
  const chosen = collectionProps.selectedItems?.[0]?.arn;
  const selected = project.versions.find((version) => version.arn === chosen);
  return (
    <div id="models">
      <Table<Version>
        {...collectionProps}
        items={items}
        columnDefinitions={useColumns(project)}
        trackBy="arn"
        selectionType="single"
        isItemDisabled={isBusy}
        enableKeyboardNavigation
        resizableColumns
        wrapLines
        ariaLabels={{
          tableLabel: words.models,
          selectionGroupLabel: words.modelSelection,
          itemSelectionLabel: (_data, version) => words.selectModel(version.name),
        }}
        header={
          <Header
            variant="h2"
            counter={`(${project.versions.length})`}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button disabled={!selected || isBusy(selected)} onClick={() => setDialog("delete")}>
                  {words.deleteModel}
                </Button>
                <Button disabled={!selected} onClick={() => setDialog("validation")}>
                  {words.validation}
                </Button>
                <LinkButton variant="primary" disabled={!trainingDataset(project)} to={paths.train(project.name)}>
                  {words.trainNew}
                </LinkButton>
              </SpaceBetween>
            }
          >
            {words.models}
          </Header>
        }
        filter={
          <TextFilter
            {...filterProps}
            filteringPlaceholder={words.find}
            filteringAriaLabel={words.find}
            countText={common.matches(filteredItemsCount ?? 0)}
          />
        }
        pagination={<Pagination {...paginationProps} />}
      />
      {dialog === "delete" && selected && (
        <DeleteModelsDialog versions={[selected]} onClose={() => setDialog(null)} />
      )}
      {dialog === "validation" && selected && (
        <ValidationDownloads project={project} version={selected} onClose={() => setDialog(null)} />
      )}
    </div>
  );
}

function useColumns(project: Project): TableProps.ColumnDefinition<Version>[] {
  const { project: words, common } = useTexts();
  const { columns } = words;
  const { moment, score } = useFormats();
  return [
    {
      id: "name",
      header: columns.name,
      sortingField: "name",
      isRowHeader: true,
      width: 120,
      minWidth: 110,
      cell: (version) => <Link to={paths.model(project.name, version.name)}><Breakable text={version.name} /></Link>,
    },
    { id: "created", header: columns.created, sortingField: "created", width: 130, cell: (version) => moment(version.created) },
    { id: "training", header: columns.training, width: 105, cell: (version) => <Breakable text={version.training_dataset ?? common.none} /> },
    { id: "test", header: columns.test, width: 105, cell: (version) => <Breakable text={version.test_dataset ?? common.none} /> },
    {
      id: "performance",
      header: columns.performance,
      sortingField: "f1_score",
      width: 158,
      cell: (version) => score(version.f1_score),
    },
    {
      id: "status",
      header: columns.status,
      sortingField: "status",
      width: 145,
      cell: (version) => <State status={version.status} isWarned={version.runs_long} />,
    },
    { id: "message", header: columns.message, width: 140, minWidth: 140, cell: (version) => <VersionMessage version={version} /> },
  ];
}
