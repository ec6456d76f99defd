import StatusIndicator from "@cloudscape-design/components/status-indicator";
import type { ResultItem, ResultType } from "../../api/types";
import { BoxOverlay } from "../../components/BoxOverlay";
import { useFormats } from "../../components/format";
import { Picture } from "../../components/Picture";
import { useTexts } from "../../texts";
import { boxesOf } from "./boxes";
import type { Filters } from "./FilterPanel";

const FACES = { TP: "success", FP: "error", FN: "warning" } as const satisfies Record<ResultType, string>;

/** An image with what the model said of it: label, result type, confidence in percent. */
export function ResultCard({ item, filters, onEnlarge }: { item: ResultItem; filters: Filters; onEnlarge: () => void }) {
  const { results: words } = useTexts();
  const shown = item.results.filter(
    (one) =>
      (filters.labels.length === 0 || filters.labels.includes(one.label)) &&
      (filters.types.length === 0 || filters.types.includes(one.result)),
  );
  return (
    <li className="result-card">
      <button type="button" className="result-picture" aria-label={words.enlarge(item.name)} onClick={onEnlarge}>
        <BoxOverlay boxes={boxesOf(item, { truth: true, answer: true })}>
          <Picture bucket={item.bucket} objectKey={item.key} width={384} alt="" />
        </BoxOverlay>
      </button>
      <bdi className="result-name" title={item.name}>
        {item.name}
      </bdi>
      <ResultList results={shown} />
    </li>
  );
}

/** `front_yard (False positive) 30.3%` and the like. */
export function ResultList({ results }: { results: ResultItem["results"] }) {
  const { results: words } = useTexts();
  const { percent } = useFormats();
  return (
    <ul className="result-list">
      {results.map((one, index) => (
        <li key={index}>
          <StatusIndicator type={FACES[one.result]}>
            <bdi>{words.entry(one.label, words.types[one.result])}</bdi>
            {one.confidence === null ? "" : ` ${percent(one.confidence)}`}
          </StatusIndicator>
        </li>
      ))}
    </ul>
  );
}
