import Autosuggest from "@cloudscape-design/components/autosuggest";
import Checkbox from "@cloudscape-design/components/checkbox";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import RadioGroup from "@cloudscape-design/components/radio-group";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { ListBucketsCommand } from "@aws-sdk/client-s3";
import { useS3 } from "../../../aws/clients";
import { useProjects, useScope } from "../../../state/live";
import { useTexts } from "../../../texts";
import { DropZone } from "../uploads/DropZone";
import { type Source, type SourceKind, sourceProblem } from "./source";

interface Props {
  readonly source: Source;
  /** Whether what is missing is pointed out. */
  readonly isChecked: boolean;
  readonly onChange: (source: Source) => void;
}

const KINDS: readonly SourceKind[] = ["s3", "upload", "copy", "manifest"];

/** "Import images from one of the sources below." with the fields of the chosen one. */
export function SourceFields({ source, isChecked, onChange }: Props) {
  const { createDataset: texts } = useTexts();
  const problem = isChecked ? sourceProblem(source) : null;
  return (
    <SpaceBetween size="l">
      <FormField label={texts.importImages} description={texts.importText} stretch>
        <RadioGroup
          value={source.kind}
          onChange={({ detail }) => onChange({ ...source, kind: detail.value as SourceKind })}
          items={KINDS.map((value) => ({ value, label: texts.sources[value], description: texts.sourceTexts[value] }))}
        />
      </FormField>
      {source.kind === "s3" && <FolderFields source={source} onChange={onChange} isWrong={problem === "folder"} />}
      {source.kind === "upload" && (
        <DropZone picks={source.picks} onChange={(picks) => onChange({ ...source, picks })} />
      )}
      {source.kind === "copy" && <CopyField source={source} onChange={onChange} isWrong={problem === "copied"} />}
      {source.kind === "manifest" && (
        <FormField
          label={texts.manifestLocation}
          constraintText={texts.manifestHelp}
          errorText={problem === "manifest" && texts.manifestError}
          stretch
        >
          <Input
            value={source.manifest}
            placeholder="s3://"
            spellcheck={false}
            onChange={({ detail }) => onChange({ ...source, manifest: detail.value })}
          />
        </FormField>
      )}
    </SpaceBetween>
  );
}

interface FieldProps {
  readonly source: Source;
  readonly onChange: (source: Source) => void;
  readonly isWrong: boolean;
}

function FolderFields({ source, onChange, isWrong }: FieldProps) {
  const { createDataset: texts } = useTexts();
  const s3 = useS3();
  const scope = useScope();
  const { data: buckets } = useQuery({
    queryKey: [scope, "buckets"],
    queryFn: async () => (await s3.send(new ListBucketsCommand({}))).Buckets ?? [],
  });
  return (
    <SpaceBetween size="s">
      <FormField label={texts.s3Uri} constraintText={texts.s3Help} errorText={isWrong && texts.s3Error} stretch>
        <Autosuggest
          value={source.folder}
          placeholder="s3://"
          enteredTextLabel={texts.useAddress}
          options={(buckets ?? []).map(({ Name = "" }) => ({ value: `s3://${Name}/` }))}
          onChange={({ detail }) => onChange({ ...source, folder: detail.value })}
        />
      </FormField>
      <Checkbox
        checked={source.labelsFromFolders}
        onChange={({ detail }) => onChange({ ...source, labelsFromFolders: detail.checked })}
      >
        {texts.automatic}
      </Checkbox>
    </SpaceBetween>
  );
}

function CopyField({ source, onChange, isWrong }: FieldProps) {
  const { createDataset: texts } = useTexts();
  const { data: projects } = useProjects();
  const options = (projects ?? []).flatMap((project) =>
    project.datasets.map((dataset) => ({
      value: dataset.arn,
      label: dataset.name,
      description: texts.datasetOption(dataset.total_entries, dataset.total_labels),
    })),
  );
  return (
    <FormField label={texts.dataset} errorText={isWrong && texts.datasetError} stretch>
      <Select
        placeholder={texts.chooseDataset}
        filteringType="auto"
        selectedOption={source.copied}
        options={options}
        empty={texts.noDatasets}
        onChange={({ detail }) =>
          onChange({
            ...source,
            copied: { value: detail.selectedOption.value ?? "", label: detail.selectedOption.label ?? "" },
          })
        }
      />
    </FormField>
  );
}
