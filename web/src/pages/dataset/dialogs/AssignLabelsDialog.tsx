import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import RadioGroup from "@cloudscape-design/components/radio-group";
import Select from "@cloudscape-design/components/select";
import { useState } from "react";
import { FormDialog } from "../../../components/FormDialog";
import { useTexts } from "../../../texts";

interface Props {
  readonly labels: readonly string[];
  readonly count: number;
  readonly isPending: boolean;
  readonly onAssign: (label: string, mode: "assign" | "remove") => void;
  readonly onManage: () => void;
  readonly onDismiss: () => void;
}

/** "Assign image-level labels to selected images" (C-11): choose a label, Assign; or take one away. */
export function AssignLabelsDialog({ labels, count, isPending, onAssign, onManage, onDismiss }: Props) {
  const { labelling } = useTexts();
  const [label, setLabel] = useState<string | null>(null);
  const [mode, setMode] = useState<"assign" | "remove">("assign");
  return (
    <FormDialog
      title={labelling.assignTitle}
      button={mode === "assign" ? labelling.assign : labelling.takeAway}
      isReady={label !== null}
      isPending={isPending}
      onSubmit={() => {
        if (label !== null) onAssign(label, mode);
      }}
      onClose={onDismiss}
    >
      <Box>{labelling.selected(count)}</Box>
      <RadioGroup
        ariaLabel={labelling.assignTitle}
        value={mode}
        onChange={({ detail }) => setMode(detail.value === "remove" ? "remove" : "assign")}
        items={[
          { value: "assign", label: labelling.assignMode },
          { value: "remove", label: labelling.takeAwayMode },
        ]}
      />
      <FormField
        label={labelling.label}
        secondaryControl={<Button formAction="none" onClick={onManage}>{labelling.manageLabels}</Button>}
      >
        <Select
          placeholder={labelling.chooseLabel}
          selectedOption={label === null ? null : { value: label, label }}
          options={labels.map((value) => ({ value, label: value }))}
          filteringType={labels.length > 8 ? "auto" : "none"}
          empty={labelling.noLabels}
          onChange={({ detail }) => setLabel(detail.selectedOption.value ?? null)}
        />
      </FormField>
    </FormDialog>
  );
}
