import { type CloudWatchClient, GetMetricDataCommand } from "@aws-sdk/client-cloudwatch";
import { useQuery } from "@tanstack/react-query";
import { useCloudWatch } from "../../aws/clients";
import { useClock, useScope } from "../../state/live";

export const PERIODS = ["day", "week", "month"] as const;
export type Period = (typeof PERIODS)[number];

const HOUR = 3_600;
const LENGTH: Record<Period, number> = { day: 24 * HOUR, week: 7 * 24 * HOUR, month: 30 * 24 * HOUR };

export interface Hours {
  running: number;
  units: number;
  from: Date;
  to: Date;
  points: { x: Date; y: number }[];
}

/** Hours running and units used in a period that ends now, by the emulator's clock if that is moved by hand. */
export function useHours(project: string, version: string, period: Period) {
  const cloudWatch = useCloudWatch();
  const clock = useClock();
  const manualNow = clock?.mode === "manual" ? clock.now : null;
  return useQuery({
    queryKey: [useScope(), "hours", project, version, period, manualNow],
    queryFn: () => ask(cloudWatch, project, version, period, manualNow ?? Date.now() / 1000),
    staleTime: 60_000,
  });
}

/** DATAPOINT_COUNT(m1)*m1/m1 is the guide's expression; its SUM(m1)*m1 would count units twice over where more than one runs. */
async function ask(client: CloudWatchClient, project: string, version: string, period: Period, now: number): Promise<Hours> {
  const to = new Date(Math.ceil(now / HOUR) * HOUR * 1000);
  const from = new Date(to.getTime() - LENGTH[period] * 1000);
  const answer = await client.send(
    new GetMetricDataCommand({
      StartTime: from,
      EndTime: to,
      MetricDataQueries: [
        {
          Id: "m1",
          MetricStat: {
            Metric: {
              Namespace: "AWS/Rekognition",
              MetricName: "InServiceInferenceUnits",
              Dimensions: [
                { Name: "ProjectName", Value: project },
                { Name: "VersionName", Value: version },
              ],
            },
            Period: HOUR,
            Stat: "Average",
          },
        },
        { Id: "units", Expression: "SUM(m1)*m1/m1" },
        { Id: "running", Expression: "DATAPOINT_COUNT(m1)*m1/m1" },
      ],
    }),
  );
  const results = new Map(answer.MetricDataResults?.map((one) => [one.Id, one]));
  const series = results.get("m1");
  const points = (series?.Timestamps ?? []).map((x, index) => ({ x, y: series?.Values?.[index] ?? 0 }));
  return {
    running: results.get("running")?.Values?.[0] ?? points.length,
    units: results.get("units")?.Values?.[0] ?? points.reduce((sum, point) => sum + point.y, 0),
    from,
    to,
    points,
  };
}

/** Hours as steps of a line: level for an hour, at zero where the model did not run. */
export function stepsOf({ from, to, points }: Pick<Hours, "from" | "to" | "points">): Hours["points"] {
  const known = new Map(points.map((point) => [point.x.getTime(), point.y]));
  const steps: Hours["points"] = [];
  for (let at = from.getTime(); at < to.getTime(); at += HOUR * 1000) {
    const y = known.get(at) ?? 0;
    steps.push({ x: new Date(at), y }, { x: new Date(at + HOUR * 1000 - 1), y });
  }
  return steps;
}
