import Checkbox from "@cloudscape-design/components/checkbox";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Multiselect from "@cloudscape-design/components/multiselect";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useEffect, useEffectEvent, useState } from "react";
import type { Results, ResultType } from "../../api/types";
import { useTexts } from "../../texts";

export interface Filters {
  labels: readonly string[];
  types: readonly ResultType[];
  name: string;
  sort: "snapshot" | "name" | "-name";
}

export const NO_FILTERS: Filters = { labels: [], types: [], name: "", sort: "snapshot" };
const TYPES: readonly ResultType[] = ["TP", "FP", "FN"];
const SORTS = ["snapshot", "name", "-name"] as const;

interface Props {
  labels: readonly string[];
  counts: Results["counts"];
  filters: Filters;
  onChange: (filters: Filters) => void;
}

/** "Filter by label", the three result types, the file's name (C-20). */
export function FilterPanel({ labels, counts, filters, onChange }: Props) {
  const { results: words } = useTexts();
  const options = labels.map((label) => ({ value: label, label }));
  const sorts = SORTS.map((value) => ({ value, label: words.sorts[value] }));
  return (
    <Container header={<Header variant="h2">{words.filterByLabel}</Header>}>
      <SpaceBetween size="m">
        <FormField label={words.choose} description={words.chooseLabel}>
          <Multiselect
            placeholder={words.select}
            filteringType="auto"
            filteringAriaLabel={words.choose}
            options={options}
            selectedOptions={options.filter((option) => filters.labels.includes(option.value))}
            onChange={({ detail }) =>
              onChange({ ...filters, labels: detail.selectedOptions.flatMap((option) => option.value ?? []) })
            }
          />
        </FormField>
        <FormField label={words.resultTypes}>
          <div role="group" aria-label={words.resultTypes}>
            {TYPES.map((type) => (
              <Checkbox
                key={type}
                checked={filters.types.includes(type)}
                onChange={({ detail }) => onChange({ ...filters, types: toggled(filters.types, type, detail.checked) })}
              >
                {`${words.types[type]} (${counts[type]})`}
              </Checkbox>
            ))}
          </div>
        </FormField>
        <NameFilter name={filters.name} onChange={(name) => onChange({ ...filters, name })} />
        <FormField label={words.sort}>
          <Select
            options={sorts}
            selectedOption={sorts.find((one) => one.value === filters.sort) ?? null}
            onChange={({ detail }) =>
              onChange({ ...filters, sort: SORTS.find((one) => one === detail.selectedOption.value) ?? "snapshot" })
            }
          />
        </FormField>
      </SpaceBetween>
    </Container>
  );
}

const toggled = (types: readonly ResultType[], type: ResultType, isOn: boolean) =>
  TYPES.filter((one) => (one === type ? isOn : types.includes(one)));

/** What is typed takes effect when the typing rests. */
function NameFilter({ name, onChange }: { name: string; onChange: (name: string) => void }) {
  const { results: words } = useTexts();
  const [typed, setTyped] = useState(name);
  const apply = useEffectEvent(() => {
    if (typed !== name) onChange(typed);
  });
  useEffect(() => {
    const timer = setTimeout(() => apply(), 250);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <Input type="search" value={typed} placeholder={words.search} ariaLabel={words.search} onChange={({ detail }) => setTyped(detail.value)} />
  );
}
