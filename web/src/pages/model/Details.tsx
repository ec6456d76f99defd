import Container from "@cloudscape-design/components/container";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useDescription } from "../../aws/versions";
import { useFormats } from "../../components/format";
import { KeyValues } from "../../components/KeyValues";
import { messageOfVersion, State } from "../../components/states";
import { ValidationLinks } from "../../components/ValidationDownloads";
import { useTexts } from "../../texts";
import type { Model } from "../../components/ModelFrame";

/** Status, datasets, and what the training wrote down of its manifests (C-21). */
export function Details({ project, version }: Model) {
  const texts = useTexts();
  const { details, common } = texts;
  const { moment } = useFormats();
  const { data } = useDescription(project.arn, version.arn, version.name);
  const output = data?.OutputConfig;
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">{details.title}</Header>}>
        <KeyValues
          columns={3}
          items={[
            { label: details.status, value: <State status={version.status} /> },
            { label: details.message, value: <span className="long-text">{messageOfVersion(version, texts)}</span> },
            { label: details.created, value: moment(version.created) },
            { label: details.training, value: version.training_dataset ?? common.none },
            { label: details.test, value: version.test_dataset ?? common.none },
            { label: details.key, value: version.kms_key_id ?? details.awsKey },
            {
              label: details.output,
              value: output ? <span className="long-text">{`s3://${output.S3Bucket ?? ""}/${output.S3KeyPrefix ?? ""}`}</span> : common.none,
            },
            ...(version.source_version_arn === null
              ? []
              : [{ label: details.copyOf, value: <span className="long-text">{version.source_version_arn}</span> }]),
            {
              label: details.arn,
              value: (
                <CopyToClipboard
                  variant="inline"
                  textToCopy={version.arn}
                  copyButtonAriaLabel={`${common.copy}: ${details.arn}`}
                  copySuccessText={common.copied}
                  copyErrorText={common.copyFailed}
                />
              ),
            },
          ]}
        />
      </Container>
      <Container header={<Header variant="h2">{details.downloads}</Header>}>
        <ValidationLinks project={project} version={version} />
      </Container>
    </SpaceBetween>
  );
}
