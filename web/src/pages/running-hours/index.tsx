import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import LineChart from "@cloudscape-design/components/line-chart";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import type { Project } from "../../api/types";
import { paths } from "../../app/paths";
import { ErrorAlert } from "../../components/ErrorAlert";
import { useFormats } from "../../components/format";
import { InfoLink } from "../../components/InfoLink";
import { KeyValues } from "../../components/KeyValues";
import { Loading } from "../../components/Loading";
import { Page } from "../../components/Page";
import { TableEmpty } from "../../components/TableFaces";
import { useProjects } from "../../state/live";
import { useLocale, useTexts } from "../../texts";
import { type Hours, PERIODS, type Period, stepsOf, useHours } from "./useHours";

/** How long models ran, by the metrics and expressions that the guide gives for CloudWatch. */
export function Component() {
  const { hours, navigation, common } = useTexts();
  const query = useProjects();
  return (
    <Page
      title={hours.title}
      description={hours.description}
      info={<InfoLink title={hours.title}>{hours.help}</InfoLink>}
      crumbs={[{ text: navigation.runningHours, href: paths.runningHours }]}
    >
      {query.isPending && <Loading text={common.loading} />}
      {query.error && <ErrorAlert header={common.failedToLoad} error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && <Report projects={query.data} />}
    </Page>
  );
}

function Report({ projects }: { projects: readonly Project[] }) {
  const { hours: words } = useTexts();
  const models = projects.flatMap((project) =>
    project.versions.map((version) => ({ value: version.arn, label: version.name, description: project.name })),
  );
  const running = projects.flatMap((project) => project.versions).find((version) => version.status === "RUNNING");
  const [chosen, setChosen] = useState(running?.arn ?? models[0]?.value ?? "");
  const [period, setPeriod] = useState<Period>("day");
  const model = models.find((one) => one.value === chosen);
  if (models.length === 0) return <TableEmpty title={words.noModels} body={words.noModelsBody} />;
  return (
    <Container>
      <SpaceBetween size="l">
        <FormField label={words.model}>
          <Select
            options={models}
            triggerVariant="option"
            selectedOption={model ?? null}
            placeholder={words.chooseModel}
            filteringType="auto"
            filteringAriaLabel={words.chooseModel}
            onChange={({ detail }) => setChosen(detail.selectedOption.value ?? "")}
          />
        </FormField>
        <SegmentedControl
          label={words.period}
          selectedId={period}
          options={PERIODS.map((id) => ({ id, text: words.periods[id] }))}
          onChange={({ detail }) => setPeriod(PERIODS.find((id) => id === detail.selectedId) ?? "day")}
        />
        {model && <Figures project={model.description} version={model.label} period={period} />}
      </SpaceBetween>
    </Container>
  );
}

function Figures({ project, version, period }: { project: string; version: string; period: Period }) {
  const { hours: words, common } = useTexts();
  const { number } = useFormats();
  const query = useHours(project, version, period);
  if (query.isPending) return <Loading text={common.loading} />;
  if (query.error) return <ErrorAlert header={common.failedToLoad} error={query.error} onRetry={() => void query.refetch()} />;
  const { data } = query;
  if (data.points.length === 0) return <TableEmpty title={words.none} />;
  return (
    <SpaceBetween size="l">
      <KeyValues
        columns={2}
        items={[
          { label: words.running, value: number(data.running) },
          { label: words.units, value: number(data.units, 1) },
        ]}
      />
      <Graph data={data} />
    </SpaceBetween>
  );
}

function Graph({ data }: { data: Hours }) {
  const { hours: words } = useTexts();
  const locale = useLocale();
  const time = new Intl.DateTimeFormat(locale, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
  const most = Math.max(...data.points.map((point) => point.y), 1);
  return (
    <LineChart
      ariaLabel={words.graphLabel}
      height={220}
      hideFilter
      hideLegend
      xTitle={words.time}
      yTitle={words.graph}
      xScaleType="time"
      xDomain={[data.from, data.to]}
      yDomain={[0, Math.ceil(most * 1.1)]}
      xTickFormatter={(value) => time.format(value)}
      series={[{ type: "line", title: words.graph, data: stepsOf(data) }]}
    />
  );
}
