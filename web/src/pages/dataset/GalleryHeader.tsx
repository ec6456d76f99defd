import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import { useEffect, useState } from "react";
import { useTexts } from "../../texts";
import type { Filters, Sort } from "./io/filters";

const TYPING_MS = 250;

/** The search by name and the order of the images. */
export function GalleryHeader({ filters, onChange }: { filters: Filters; onChange: (filters: Filters) => void }) {
  const { gallery } = useTexts();
  const [typed, setTyped] = useState(filters.name);
  useEffect(() => {
    if (typed === filters.name) return;
    const timer = setTimeout(() => onChange({ ...filters, name: typed }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, filters, onChange]);
  const options = (["manifest", "name", "-name"] as const).map((value) => ({ value, label: gallery.sorts[value] }));
  return (
    <div className="gallery-header">
      <Input
        type="search"
        value={typed}
        ariaLabel={gallery.searchByName}
        placeholder={gallery.searchByName}
        onChange={({ detail }) => setTyped(detail.value)}
      />
      <Select
        ariaLabel={gallery.sort}
        selectedOption={options.find(({ value }) => value === filters.sort) ?? null}
        options={options}
        onChange={({ detail }) => onChange({ ...filters, sort: detail.selectedOption.value as Sort })}
      />
    </div>
  );
}
