import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { useIdentity } from "../../state/identity";
import { useTexts } from "../../texts";
import { cliCode, type CodeBlocks, javascriptCode, pythonCode } from "./code";
import type { Model } from "../../components/ModelFrame";

/** "Use your model": its ARN and code that calls it at this emulator (C-23). */
export function ApiCode({ project, version }: Model) {
  const { use, common } = useTexts();
  const { region } = useIdentity();
  const place = { arn: version.arn, projectArn: project.arn, versionName: version.name, region, endpoint: window.location.origin };
  return (
    <Container header={<Header variant="h2">{use.yours}</Header>}>
      <SpaceBetween size="m">
        <FormField label={use.arn}>
          <CopyToClipboard
            variant="inline"
            textToCopy={version.arn}
            copyButtonAriaLabel={`${common.copy}: ${use.arn}`}
            copySuccessText={common.copied}
            copyErrorText={common.copyFailed}
          />
        </FormField>
        <ExpandableSection headerText={use.code}>
          <SpaceBetween size="s">
            <Box variant="p">{use.codeBody(version.name)}</Box>
            <Tabs
              ariaLabel={use.code}
              tabs={[
                { id: "cli", label: use.cli, content: <Blocks name={version.name} code={cliCode(place)} /> },
                { id: "python", label: use.python, content: <Blocks name={version.name} code={pythonCode(place)} /> },
                { id: "javascript", label: use.javascript, content: <Blocks name={version.name} code={javascriptCode(place)} /> },
              ]}
            />
          </SpaceBetween>
        </ExpandableSection>
      </SpaceBetween>
    </Container>
  );
}

function Blocks({ name, code }: { name: string; code: CodeBlocks }) {
  const { use } = useTexts();
  return (
    <SpaceBetween size="m">
      <Block title={use.startBlock} body={use.startBlockBody(name)} code={code.start} />
      <Block title={use.analyzeBlock} body={use.analyzeBlockBody(name)} code={code.analyze} />
      <Block title={use.stopBlock} body={use.stopBlockBody(name)} code={code.stop} />
    </SpaceBetween>
  );
}

function Block({ title, body, code }: { title: string; body: string; code: string }) {
  const { use, common } = useTexts();
  return (
    <section>
      <Box variant="h3">{title}</Box>
      <Box variant="p">{body}</Box>
      <div className="code">
        <pre tabIndex={0} aria-label={title}>
          {code}
        </pre>
        <CopyToClipboard
          variant="icon"
          textToCopy={code}
          copyButtonAriaLabel={use.copyCode(title)}
          copySuccessText={common.copied}
          copyErrorText={common.copyFailed}
        />
      </div>
    </section>
  );
}
