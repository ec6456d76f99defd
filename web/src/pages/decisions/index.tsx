import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import Toggle from "@cloudscape-design/components/toggle";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useApi } from "../../api/client";
import type { Decision } from "../../api/types";
import { paths } from "../../app/paths";
import { ErrorAlert } from "../../components/ErrorAlert";
import { useFormats } from "../../components/format";
import { InfoLink } from "../../components/InfoLink";
import { Page } from "../../components/Page";
import { TableEmpty } from "../../components/TableFaces";
import { scopeOf, useIdentity } from "../../state/identity";
import { useTexts } from "../../texts";

/** Who was let do what, by which statement, and what is missing where somebody was refused. */
export function Component() {
  const { decisions: words, navigation, common } = useTexts();
  const api = useApi();
  const identity = useIdentity();
  const query = useQuery({
    queryKey: [scopeOf(identity), "decisions"],
    queryFn: ({ signal }) => api.get("/decisions", {}, signal),
    staleTime: 0,
  });
  const [onlyRefused, setOnlyRefused] = useState(true);
  const rows = (query.data?.decisions ?? []).filter((one) => !onlyRefused || !one.allowed);
  return (
    <Page
      title={words.title}
      description={words.description}
      info={<InfoLink title={words.title}>{words.help}</InfoLink>}
      crumbs={[{ text: navigation.decisions, href: paths.decisions }]}
      actions={
        <Button iconName="refresh" loading={query.isFetching} onClick={() => void query.refetch()}>
          {words.refresh}
        </Button>
      }
    >
      {query.error ? (
        <ErrorAlert header={common.failedToLoad} error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Container
          header={
            <Toggle checked={onlyRefused} onChange={({ detail }) => setOnlyRefused(detail.checked)}>
              {words.onlyRefused}
            </Toggle>
          }
        >
          <Rows rows={rows} loading={query.isPending} />
        </Container>
      )}
    </Page>
  );
}

function Rows({ rows, loading }: { rows: readonly Decision[]; loading: boolean }) {
  const { decisions: words, common } = useTexts();
  const { moment } = useFormats();
  return (
    <Table
      variant="embedded"
      items={rows}
      loading={loading}
      loadingText={common.loading}
      wrapLines
      empty={<TableEmpty title={words.none} body={words.noneBody} />}
      columnDefinitions={[
        { id: "time", header: words.time, cell: (one) => moment(one.time) },
        { id: "outcome", header: words.outcome, cell: (one) => <Outcome decision={one} /> },
        { id: "who", header: words.principal, cell: (one) => one.principal },
        { id: "action", header: words.action, cell: (one) => one.action, isRowHeader: true },
        { id: "resource", header: words.resource, cell: (one) => one.resource },
        { id: "why", header: words.why, cell: (one) => <Why decision={one} /> },
      ]}
    />
  );
}

function Outcome({ decision }: { decision: Decision }) {
  const { decisions: words } = useTexts();
  if (decision.allowed) return <StatusIndicator type="success">{words.allowed}</StatusIndicator>;
  if (!decision.enforced) return <StatusIndicator type="warning">{words.letPass}</StatusIndicator>;
  return <StatusIndicator type="error">{words.refused}</StatusIndicator>;
}

function Why({ decision }: { decision: Decision }) {
  const { decisions: words } = useTexts();
  if (decision.needed.length === 0) return <>{decision.statement ?? decision.reason}</>;
  return (
    <ExpandableSection headerText={words.needed}>
      {decision.needed.map((one) => (
        <Box key={one.where} variant="div">
          <Box variant="awsui-key-label">{one.where}</Box>
          <Box variant="pre">{JSON.stringify(one.statement, null, 2)}</Box>
        </Box>
      ))}
    </ExpandableSection>
  );
}
