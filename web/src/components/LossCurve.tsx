import LineChart from "@cloudscape-design/components/line-chart";
import type { Training } from "../api/types";
import { useTexts } from "../texts";
import { useFormats } from "./format";

/** Points that a chart shows at most; a longer curve keeps every n-th. */
const MOST_POINTS = 200;

/** The loss of a training by step, one line a stage. Its own chunk: charts are large. */
export default function LossCurve({ curve }: { curve: Training["curve"] }) {
  const { training: words } = useTexts();
  const { number } = useFormats();
  const stages = [...new Set(curve.map((point) => point.stage))];
  const every = Math.ceil(curve.length / MOST_POINTS);
  const points = curve.filter((_point, index) => index % every === 0 || index === curve.length - 1);
  const losses = points.map((point) => point.loss).filter(Number.isFinite);
  const steps = points.map((point) => point.step);
  return (
    <LineChart
      ariaLabel={words.curve}
      ariaDescription={words.curveBody}
      height={180}
      hideFilter
      hideLegend={stages.length < 2}
      xTitle={words.step}
      yTitle={words.curve}
      xScaleType="linear"
      xDomain={[Math.min(...steps), Math.max(...steps)]}
      yDomain={[0, Math.max(...losses, 0.001) * 1.05]}
      yTickFormatter={(value) => number(value, 2)}
      xTickFormatter={(value) => number(value)}
      series={stages.map((stage) => ({
        type: "line",
        title: stage,
        valueFormatter: (value: number) => number(value, 3),
        data: points.filter((point) => point.stage === stage && Number.isFinite(point.loss)).map(({ step, loss }) => ({ x: step, y: loss })),
      }))}
    />
  );
}
