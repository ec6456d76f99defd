import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input, { type InputProps } from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useApi } from "../../../api/client";
import { FormDialog } from "../../../components/FormDialog";
import { keys, useProjects, useScope } from "../../../state/live";
import { useTexts } from "../../../texts";
import type { LabelCount } from "../../../api/types";
import { changesOf, type LabelRow, newRow, problemOf, rowsOf } from "../model/labelRows";

interface Props {
  readonly dataset: string;
  readonly labels: readonly LabelCount[];
  /** Unsaved labelling names labels as they are: they can't be renamed or removed before it is saved. */
  readonly hasUnsavedWork: boolean;
  readonly onDismiss: () => void;
}

/** "Manage labels" (L-2, L-3, L-6): add, rename everywhere, remove, import from another dataset. */
export function ManageLabelsDialog({ dataset, labels, hasUnsavedWork, onDismiss }: Props) {
  const { labelling } = useTexts();
  const api = useApi();
  const client = useQueryClient();
  const scope = useScope();
  const [rows, setRows] = useState<readonly LabelRow[]>(() => rowsOf(labels));
  const [added, setAdded] = useState("");
  const input = useRef<InputProps.Ref>(null);
  const text = added.trim();
  const save = useMutation({
    // A name that was typed and not added yet is meant as well.
    mutationFn: () => api.post("/dataset/labels", { dataset, ...changesOf(text === "" ? rows : [...rows, newRow(text)]) }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: keys.dataset(scope, dataset) });
      onDismiss();
    },
  });
  const problem = text === "" ? null : problemOf(text, rows, null);
  const add = () => {
    if (text === "" || problem !== null) return;
    setRows([...rows, newRow(text)]);
    setAdded("");
    input.current?.focus();
  };
  const change = (id: number, next: Partial<LabelRow>) =>
    setRows(rows.map((row) => (row.id === id ? { ...row, ...next } : row)));
  const isValid = rows.every((row) => row.isRemoved || problemOf(row.name, rows, row.id) === null);
  return (
    <FormDialog
      title={labelling.manageLabels}
      button={labelling.save}
      isReady={isValid && problem === null}
      isPending={save.isPending}
      error={save.error}
      onSubmit={() => save.mutate()}
      onClose={onDismiss}
    >
      {hasUnsavedWork && <Alert type="info">{labelling.saveBeforeRename}</Alert>}
      <FormField
        label={labelling.newLabel}
        errorText={problem && labelling.problems[problem]}
        secondaryControl={
          <Button formAction="none" disabled={text === "" || problem !== null} onClick={add}>
            {labelling.addLabel}
          </Button>
        }
      >
        <Input
          ref={input}
          value={added}
          autoFocus
          onChange={({ detail }) => setAdded(detail.value)}
          onKeyDown={(event) => {
            if (event.detail.key !== "Enter") return;
            // Enter adds the label; it does not save the dialog.
            event.preventDefault();
            add();
          }}
        />
      </FormField>
      <ImportLabels
        dataset={dataset}
        onImported={(names) =>
          setRows([...rows, ...names.filter((name) => problemOf(name, rows, null) === null).map(newRow)])
        }
      />
      <ul className="manage-labels" aria-label={labelling.labels}>
        {rows.map((row) => (
          <Row
            key={row.id}
            row={row}
            problem={row.isRemoved ? null : problemOf(row.name, rows, row.id)}
            isLocked={hasUnsavedWork && row.original !== null}
            onChange={(next) => change(row.id, next)}
            onDrop={() => setRows(rows.filter((one) => one.id !== row.id))}
          />
        ))}
      </ul>
      {rows.length === 0 && <Box color="text-body-secondary">{labelling.noLabels}</Box>}
    </FormDialog>
  );
}

interface RowProps {
  readonly row: LabelRow;
  readonly problem: ReturnType<typeof problemOf>;
  readonly isLocked: boolean;
  readonly onChange: (next: Partial<LabelRow>) => void;
  readonly onDrop: () => void;
}

function Row({ row, problem, isLocked, onChange, onDrop }: RowProps) {
  const { labelling } = useTexts();
  const [isEditing, setEditing] = useState(false);
  const shown = row.original ?? row.name;
  const remove = () => (row.original === null ? onDrop() : onChange({ isRemoved: true }));
  return (
    <li className={row.isRemoved ? "is-removed" : undefined}>
      <div className="manage-label-name">
        {isEditing && !row.isRemoved ? (
          <FormField errorText={problem && labelling.problems[problem]} stretch>
            <Input
              value={row.name}
              autoFocus
              ariaLabel={labelling.renameOf(shown)}
              onChange={({ detail }) => onChange({ name: detail.value })}
              onKeyDown={(event) => {
                if (event.detail.key !== "Enter") return;
                event.preventDefault();
                if (problem === null) setEditing(false);
              }}
            />
          </FormField>
        ) : (
          <bdi>{row.name}</bdi>
        )}
        <Box variant="small" display="block">
          {labelling.usage(row.images, row.boxes)}
        </Box>
      </div>
      {row.isRemoved ? (
        <Button formAction="none" onClick={() => onChange({ isRemoved: false })}>{labelling.keep}</Button>
      ) : (
        <>
          <Button
            variant="icon"
            formAction="none"
            iconName={isEditing ? "check" : "edit"}
            disabled={isLocked || (isEditing && problem !== null)}
            ariaLabel={isEditing ? labelling.acceptName(row.name) : labelling.renameOf(shown)}
            onClick={() => setEditing(!isEditing)}
          />
          <Button
            variant="icon"
            formAction="none"
            iconName="close"
            disabled={isLocked || row.images > 0}
            disabledReason={row.images > 0 ? labelling.inUse : undefined}
            ariaLabel={labelling.removeOf(shown)}
            onClick={remove}
          />
        </>
      )}
    </li>
  );
}

function ImportLabels({ dataset, onImported }: { dataset: string; onImported: (names: string[]) => void }) {
  const { labelling } = useTexts();
  const api = useApi();
  const { data: projects } = useProjects();
  const [chosen, setChosen] = useState<{ value: string; label: string } | null>(null);
  const options = (projects ?? []).flatMap((project) =>
    project.datasets.filter(({ arn }) => arn !== dataset).map(({ arn, name }) => ({ value: arn, label: name })),
  );
  const read = useMutation({
    mutationFn: (arn: string) => api.get("/dataset/labels", { dataset: arn }),
    onSuccess: ({ labels }) => onImported(labels.map(({ name }) => name)),
  });
  if (options.length === 0) return null;
  return (
    <FormField
      label={labelling.importFrom}
      errorText={read.error?.message}
      secondaryControl={
        <Button
          formAction="none"
          disabled={chosen === null}
          loading={read.isPending}
          onClick={() => {
            if (chosen !== null) read.mutate(chosen.value);
          }}
        >
          {labelling.importLabels}
        </Button>
      }
    >
      <Select
        placeholder={labelling.chooseDataset}
        selectedOption={chosen}
        options={options}
        filteringType={options.length > 8 ? "auto" : "none"}
        onChange={({ detail }) =>
          setChosen({ value: detail.selectedOption.value ?? "", label: detail.selectedOption.label ?? "" })
        }
      />
    </FormField>
  );
}
