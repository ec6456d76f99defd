import Alert from "@cloudscape-design/components/alert";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../../api/client";
import type { ResultItem } from "../../api/types";
import { paths } from "../../app/paths";
import { ErrorAlert } from "../../components/ErrorAlert";
import { InfoLink } from "../../components/InfoLink";
import { Loading } from "../../components/Loading";
import { Page } from "../../components/Page";
import { TableEmpty } from "../../components/TableFaces";
import { keys, useScope } from "../../state/live";
import { useTexts } from "../../texts";
import { type Model, ModelFrame } from "../../components/ModelFrame";
import { useModelCrumbs } from "../../components/useModel";
import { Enlarged } from "./Enlarged";
import { type Filters, FilterPanel, NO_FILTERS } from "./FilterPanel";
import { ResultCard } from "./ResultCard";

const PAGE_SIZE = 24;

/** Test results, image by image (C-20). */
export function Component() {
  return <ModelFrame>{(model) => <ResultsPage key={model.version.arn} {...model} />}</ModelFrame>;
}

function ResultsPage({ project, version }: Model) {
  const { results: words, model } = useTexts();
  const [isToldOf, setToldOf] = useState(true);
  const address = paths.testResults(project.name, version.name);
  return (
    <Page title={words.title} description={version.name} crumbs={[...useModelCrumbs({ project, version }), { text: model.performance, href: address }]}>
      <SpaceBetween size="l">
        {isToldOf && (
          <Alert type="info" header={words.title} dismissible onDismiss={() => setToldOf(false)}>
            {words.body}
          </Alert>
        )}
        <ResultsOf versionArn={version.arn} />
      </SpaceBetween>
    </Page>
  );
}

function ResultsOf({ versionArn }: { versionArn: string }) {
  const { results: words, common } = useTexts();
  const [filters, setFilters] = useState<Filters>(NO_FILTERS);
  const [page, setPage] = useState(1);
  const [enlarged, setEnlarged] = useState<ResultItem | null>(null);
  const query = useResults(versionArn, filters, page);
  if (query.error) return <ErrorAlert header={common.failedToLoad} error={query.error} onRetry={() => void query.refetch()} />;
  if (query.isPending) return <Loading text={common.loading} />;
  const { data } = query;
  const pages = Math.max(1, Math.ceil(data.total / PAGE_SIZE));
  return (
    <div className="results">
      <FilterPanel
        labels={data.labels}
        counts={data.counts}
        filters={filters}
        onChange={(next) => {
          setFilters(next);
          setPage(1);
        }}
      />
      <SpaceBetween size="m">
        <Header
          variant="h2"
          counter={`(${data.total})`}
          info={<InfoLink title={words.images}>{words.imagesHelp}</InfoLink>}
          actions={
            <Pagination
              currentPageIndex={page}
              pagesCount={pages}
              ariaLabels={{ paginationLabel: words.pages }}
              onChange={({ detail }) => setPage(detail.currentPageIndex)}
            />
          }
        >
          {words.images}
        </Header>
        {data.items.length === 0 && <TableEmpty title={words.none} body={words.noneBody} />}
        <ul className="result-grid" aria-busy={query.isPlaceholderData}>
          {data.items.map((item) => (
            <ResultCard key={item.source_ref} item={item} filters={filters} onEnlarge={() => setEnlarged(item)} />
          ))}
        </ul>
      </SpaceBetween>
      {enlarged && <Enlarged item={enlarged} onClose={() => setEnlarged(null)} />}
    </div>
  );
}

function useResults(versionArn: string, filters: Filters, page: number) {
  const api = useApi();
  return useQuery({
    queryKey: keys.version(useScope(), versionArn, "results", filters, page),
    queryFn: ({ signal }) =>
      api.get(
        "/results",
        {
          version: versionArn,
          offset: (page - 1) * PAGE_SIZE,
          limit: PAGE_SIZE,
          label: filters.labels,
          result: filters.types,
          name: filters.name,
          sort: filters.sort,
        },
        signal,
      ),
    placeholderData: keepPreviousData,
  });
}
