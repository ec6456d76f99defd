import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Checkbox from "@cloudscape-design/components/checkbox";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import RadioGroup from "@cloudscape-design/components/radio-group";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useFormats } from "../../../components/format";
import { useTexts } from "../../../texts";
import type { Counts, LabelCount } from "../../../api/types";
import type { EntryState, Filters } from "../io/filters";
import { colourOf } from "./labelColours";

/** As many labels as need a search. */
const SEARCHED = 12;

interface Props {
  readonly counts: Counts | undefined;
  readonly filters: Filters;
  readonly onChange: (filters: Filters) => void;
  readonly isLabelling: boolean;
  readonly onManage: () => void;
}

/** The "Labels" section beside the gallery: which images are shown, with the number of each (C-13). */
export function FilterPane({ counts, filters, onChange, isLabelling, onManage }: Props) {
  const { gallery } = useTexts();
  const { number } = useFormats();
  const item = (value: EntryState, label: string, count: number | undefined) => ({
    value,
    label: (
      <span className="filter-line">
        <span>{label}</span>
        <span className="filter-count">{count === undefined ? "" : number(count)}</span>
      </span>
    ),
  });
  return (
    <Container
      header={
        <Header variant="h2" actions={isLabelling && <Button onClick={onManage}>{gallery.manageLabels}</Button>}>
          {gallery.labels}
        </Header>
      }
    >
      <SpaceBetween size="m">
        <RadioGroup
          ariaLabel={gallery.show}
          value={filters.state}
          onChange={({ detail }) => onChange({ ...filters, state: detail.value as EntryState })}
          items={[
            item("all", gallery.all, counts?.all),
            item("labeled", gallery.labeled, counts?.labeled),
            item("unlabeled", gallery.unlabeled, counts?.unlabeled),
            item("errors", gallery.errors, counts?.errors),
          ]}
        />
        {counts && (
          <LabelFilter labels={counts.labels} filters={filters} onChange={onChange} isLabelling={isLabelling} />
        )}
      </SpaceBetween>
    </Container>
  );
}

interface LabelFilterProps {
  readonly labels: readonly LabelCount[];
  readonly filters: Filters;
  readonly onChange: (filters: Filters) => void;
  readonly isLabelling: boolean;
}

function LabelFilter({ labels, filters, onChange, isLabelling }: LabelFilterProps) {
  const { gallery } = useTexts();
  const { number } = useFormats();
  const [search, setSearch] = useState("");
  const wanted = search.trim().toLowerCase();
  const chosen = new Set(filters.labels);
  const shown = labels
    .map((label, index) => ({ label, index }))
    .filter(({ label }) => label.name.toLowerCase().includes(wanted));
  if (labels.length === 0) return <Box color="text-body-secondary">{gallery.noLabels}</Box>;
  const toggle = (name: string) =>
    onChange({
      ...filters,
      labels: chosen.has(name) ? filters.labels.filter((one) => one !== name) : [...filters.labels, name],
    });
  return (
    <SpaceBetween size="xs">
      {labels.length > SEARCHED && (
        <Input
          type="search"
          value={search}
          ariaLabel={gallery.findLabels}
          placeholder={gallery.findLabels}
          onChange={({ detail }) => setSearch(detail.value)}
        />
      )}
      <div
        className="filter-labels"
        role="group"
        aria-label={gallery.filterByLabel}
        tabIndex={shown.length > SEARCHED ? 0 : undefined}
      >
        {shown.map(({ label, index }) => (
          <Checkbox key={label.name} checked={chosen.has(label.name)} onChange={() => toggle(label.name)}>
            <span className="filter-line">
              <span className="filter-label">
                {isLabelling && index < 10 && <kbd title={gallery.keyOf((index + 1) % 10)}>{(index + 1) % 10}</kbd>}
                <i aria-hidden="true" style={{ background: colourOf(label.name) }} />
                <bdi>{label.name}</bdi>
              </span>
              <span className="filter-count">{number(label.images)}</span>
            </span>
          </Checkbox>
        ))}
      </div>
      {chosen.size > 0 && (
        <Button variant="inline-link" onClick={() => onChange({ ...filters, labels: [] })}>
          {gallery.clearLabels}
        </Button>
      )}
    </SpaceBetween>
  );
}
