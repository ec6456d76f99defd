import { useCollection } from "@cloudscape-design/collection-hooks";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import { useQuery } from "@tanstack/react-query";
import { useApi } from "../../api/client";
import type { FigureInterval, QualityHint, VersionFigures } from "../../api/types";
import { paths } from "../../app/paths";
import { type LabelFigures, type Summary, useDescription, useSummary } from "../../aws/versions";
import { ErrorAlert } from "../../components/ErrorAlert";
import { useFormats } from "../../components/format";
import { InfoLink } from "../../components/InfoLink";
import { KeyValues } from "../../components/KeyValues";
import { LinkButton } from "../../components/LinkButton";
import { Loading } from "../../components/Loading";
import { messageOfVersion } from "../../components/states";
import { TableEmpty, TableNoMatch } from "../../components/TableFaces";
import { keys, useScope } from "../../state/live";
import { useTexts } from "../../texts";
import type { Model } from "../../components/ModelFrame";

/** The figures of an evaluation (C-18), read from the summary that the training wrote to S3. */
export function Evaluate({ project, version }: Model) {
  const texts = useTexts();
  const { evaluate, common } = texts;
  const description = useDescription(project.arn, version.arn, version.name);
  const place = description.data?.EvaluationResult?.Summary?.S3Object;
  const summary = useSummary(version.arn, place);
  const error = description.error ?? summary.error;
  if (error) {
    return <ErrorAlert header={common.failedToLoad} error={error} onRetry={() => void description.refetch().then(() => summary.refetch())} />;
  }
  if (description.isPending || (place && summary.isPending)) return <Loading text={common.loading} />;
  if (!summary.data) {
    const message = messageOfVersion(version, texts);
    return (
      <Container header={<Header variant="h2">{evaluate.title}</Header>}>
        <TableEmpty title={evaluate.none} body={version.status === "TRAINING_FAILED" ? message : `${message} ${evaluate.noneYet}`} />
      </Container>
    );
  }
  return (
    <SpaceBetween size="l">
      <Results project={project} version={version} summary={summary.data} />
      <PerLabel figures={summary.data.LabelEvaluationResults} />
    </SpaceBetween>
  );
}

function Results({ project, version, summary }: Model & { summary: Summary }) {
  const { evaluate, common } = useTexts();
  const { score, date, number } = useFormats();
  const figures = summary.AggregatedEvaluationResults;
  const sides = useFigures(version.arn);
  const quality = sides?.quality;
  const facts = (side: { images: number; labels: number } | null | undefined, images: number) =>
    side ? evaluate.facts(side.labels, side.images) : evaluate.imagesOnly(images);
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={<LinkButton to={paths.testResults(project.name, version.name)}>{evaluate.view}</LinkButton>}
        >
          {evaluate.title}
        </Header>
      }
    >
      <KeyValues
        columns={3}
        items={[
          {
            label: evaluate.f1,
            info: <InfoLink title={evaluate.f1}>{evaluate.f1Help}</InfoLink>,
            value: <Figure text={score(figures.F1Score)} interval={quality?.f1} />,
          },
          { label: evaluate.precision, value: <Figure text={score(figures.Precision)} /> },
          { label: evaluate.recall, value: <Figure text={score(figures.Recall)} /> },
          ...(figures.AveragePrecision === undefined
            ? []
            : [
                { label: evaluate.map, value: <Figure text={score(figures.AveragePrecision)} interval={quality?.average_precision} /> },
                { label: evaluate.mar, value: <Figure text={score(figures.AverageRecall)} /> },
              ]),
          {
            label: evaluate.completed,
            value: (
              <>
                <div>{version.training_ended === null ? common.none : date(version.training_ended)}</div>
                {version.billable_seconds !== null && (
                  <Box variant="small">{evaluate.trainedIn(number(version.billable_seconds / 3600, 3))}</Box>
                )}
                {quality && (
                  <div>
                    <Box variant="small">{evaluate.effort(quality.effort)}</Box>
                  </div>
                )}
              </>
            ),
          },
          {
            label: evaluate.training,
            value: (
              <>
                <div>{facts(sides?.training, summary.EvaluationDetails.NumberOfTrainingImages)}</div>
                {quality?.training_images && <Box variant="small">{evaluate.usedImages(quality.training_images)}</Box>}
              </>
            ),
          },
          { label: evaluate.testing, value: facts(sides?.testing, summary.EvaluationDetails.NumberOfTestingImages) },
        ]}
      />
      {quality && quality.hints.length > 0 && <Hints hints={quality.hints} />}
    </Container>
  );
}

/** A figure, and how sure it is where that is known. */
function Figure({ text, interval }: { text: string; interval?: FigureInterval | null | undefined }) {
  const { evaluate } = useTexts();
  const { number } = useFormats();
  return (
    <>
      <Box variant="awsui-value-large">{text}</Box>
      {interval && <Box variant="small" display="block">{evaluate.between(number(interval.low, 2), number(interval.high, 2))}</Box>}
    </>
  );
}

/** What the training found that would help the model, the most helpful first. */
function Hints({ hints }: { hints: readonly QualityHint[] }) {
  const { evaluate } = useTexts();
  return (
    <Box margin={{ top: "l" }}>
      <Box variant="h3">{evaluate.helpsMost}</Box>
      <ul aria-label={evaluate.helpsMost}>
        {hints.map((hint) => (
          <li key={hint.kind}>
            <bdi className="long-text">{evaluate.hints[hint.kind](hint)}</bdi>
          </li>
        ))}
      </ul>
    </Box>
  );
}

/** Labels and images of either side, which the summary does not tell apart, and how sure the results are. */
function useFigures(versionArn: string): VersionFigures | undefined {
  const api = useApi();
  const { data } = useQuery({
    queryKey: keys.version(useScope(), versionArn, "figures"),
    queryFn: ({ signal }) => api.get("/version/figures", { version: versionArn }, signal),
  });
  return data;
}

function PerLabel({ figures }: { figures: LabelFigures[] }) {
  const { evaluate, common } = useTexts();
  const { items, collectionProps, filterProps, filteredItemsCount, paginationProps, actions } = useCollection(figures, {
    filtering: {
      filteringFunction: (item, text) => item.Label.toLowerCase().includes(text.toLowerCase()),
      empty: <TableEmpty title={evaluate.noLabels} />,
      noMatch: <TableNoMatch onClear={() => actions.setFiltering("")} />,
    },
    pagination: { pageSize: 50 },
    sorting: { defaultState: { sortingColumn: { sortingField: "Label" } } },
  });
  return (
    <Table<LabelFigures>
      {...collectionProps}
      items={items}
      trackBy="Label"
      wrapLines
      enableKeyboardNavigation
      ariaLabels={{ tableLabel: evaluate.perLabel }}
      columnDefinitions={useColumns()}
      header={
        <Header variant="h2" counter={`(${figures.length})`}>
          {evaluate.perLabel}
        </Header>
      }
      filter={
        <TextFilter
          {...filterProps}
          filteringPlaceholder={evaluate.find}
          filteringAriaLabel={evaluate.find}
          countText={common.matches(filteredItemsCount ?? 0)}
        />
      }
      pagination={<Pagination {...paginationProps} />}
    />
  );
}

function useColumns(): TableProps.ColumnDefinition<LabelFigures>[] {
  const { columns } = useTexts().evaluate;
  const { score, number } = useFormats();
  const figure = (id: keyof LabelFigures["Metrics"], header: string): TableProps.ColumnDefinition<LabelFigures> => ({
    id,
    header,
    cell: (item) => score(item.Metrics[id]),
    sortingComparator: (a, b) => a.Metrics[id] - b.Metrics[id],
  });
  return [
    {
      id: "label",
      header: columns.label,
      isRowHeader: true,
      sortingField: "Label",
      cell: (item) => <bdi className="long-text">{item.Label}</bdi>,
    },
    figure("F1Score", columns.f1),
    {
      id: "images",
      header: columns.images,
      sortingField: "NumberOfTestingImages",
      cell: (item) => number(item.NumberOfTestingImages),
    },
    figure("Precision", columns.precision),
    figure("Recall", columns.recall),
    figure("Threshold", columns.threshold),
  ];
}
