import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import type { DatasetType, Project } from "../../api/types";
import { paths } from "../../app/paths";
import { LinkButton } from "../../components/LinkButton";
import { Page } from "../../components/Page";
import { useTexts } from "../../texts";

/** The tab of a dataset that the project does not have (C-9). */
export function MissingDataset({ project, type, tabs }: { project: Project; type: DatasetType; tabs: ReactNode }) {
  const { dataset, navigation } = useTexts();
  const isFirst = project.datasets.length === 0;
  return (
    <Page
      title={dataset.title}
      crumbs={[
        { text: navigation.projects, href: paths.projects },
        { text: project.name, href: paths.project(project.name) },
        { text: dataset.title, href: paths.dataset(project.name, type) },
      ]}
    >
      <SpaceBetween size="m">
        {tabs}
        <Container>
          <SpaceBetween size="m">
            <Box variant="p">{type === "TRAIN" ? dataset.noTraining : dataset.noTest}</Box>
            <LinkButton
              variant="primary"
              to={isFirst ? paths.createDataset(project.name) : paths.createDataset(project.name, type)}
            >
              {isFirst ? dataset.create : type === "TRAIN" ? dataset.createTraining : dataset.createTest}
            </LinkButton>
          </SpaceBetween>
        </Container>
      </SpaceBetween>
    </Page>
  );
}
