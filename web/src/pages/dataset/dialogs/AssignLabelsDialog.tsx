import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import RadioGroup from "@cloudscape-design/components/radio-group";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { Modal } from "../../../components/Modal";
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
  const { labelling, common } = useTexts();
  const [label, setLabel] = useState<string | null>(null);
  const [mode, setMode] = useState<"assign" | "remove">("assign");
  return (
    <Modal
      visible
      header={labelling.assignTitle}
      onDismiss={onDismiss}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onDismiss}>
              {common.cancel}
            </Button>
            <Button
              variant="primary"
              disabled={label === null}
              loading={isPending}
              onClick={() => {
                if (label !== null) onAssign(label, mode);
              }}
            >
              {mode === "assign" ? labelling.assign : labelling.takeAway}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
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
          secondaryControl={<Button onClick={onManage}>{labelling.manageLabels}</Button>}
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
      </SpaceBetween>
    </Modal>
  );
}
