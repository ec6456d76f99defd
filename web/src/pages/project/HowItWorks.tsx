import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import type { ReactNode } from "react";
import type { Project } from "../../api/types";
import { paths } from "../../app/paths";
import { LinkButton } from "../../components/LinkButton";
import { testDataset, trainingDataset } from "../../components/states";
import { useTexts } from "../../texts";

/** "How it works": the four steps (C-7), each with what to do next. */
export function HowItWorks({ project }: { project: Project }) {
  const { project: words } = useTexts();
  const { steps } = words;
  const { name } = project;
  const dataset = trainingDataset(project) ?? testDataset(project);
  const latest = project.versions.find((version) => version.f1_score !== null);
  return (
    <ExpandableSection variant="container" headerText={words.howItWorks} defaultExpanded={project.versions.length === 0}>
      <ColumnLayout columns={4} variant="text-grid" minColumnWidth={180}>
        <Step title={steps.create.title} body={steps.create.body}>
          {dataset ? (
            <StatusIndicator type="success">{words.created}</StatusIndicator>
          ) : (
            <LinkButton variant="primary" to={paths.createDataset(name)}>
              {steps.create.button}
            </LinkButton>
          )}
        </Step>
        <Step title={steps.label.title} body={steps.label.body}>
          <LinkButton disabled={!dataset} to={paths.dataset(name, dataset?.type)}>
            {steps.label.button}
          </LinkButton>
        </Step>
        <Step title={steps.train.title} body={steps.train.body}>
          <LinkButton disabled={!trainingDataset(project)} to={paths.train(name)}>
            {steps.train.button}
          </LinkButton>
        </Step>
        <Step title={steps.check.title} body={steps.check.body}>
          <LinkButton disabled={!latest} to={latest ? paths.model(name, latest.name) : paths.project(name)}>
            {steps.check.button}
          </LinkButton>
        </Step>
      </ColumnLayout>
    </ExpandableSection>
  );
}

function Step({ title, body, children }: { title: string; body: string; children: ReactNode }) {
  return (
    <SpaceBetween size="xs">
      <Box variant="h3">{title}</Box>
      <Box variant="p">{body}</Box>
      {children}
    </SpaceBetween>
  );
}
