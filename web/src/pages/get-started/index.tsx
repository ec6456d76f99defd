import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { paths } from "../../app/paths";
import { LinkButton } from "../../components/LinkButton";
import { Link } from "../../components/Link";
import { Page } from "../../components/Page";
import { useTexts } from "../../texts";

/** Get started (C-1, C-2): what Custom Labels does, and the ways in. */
export function Component() {
  const { getStarted, navigation } = useTexts();
  return (
    <Page title={getStarted.title} crumbs={[{ text: navigation.getStarted, href: paths.getStarted }]} description={getStarted.description}>
      <SpaceBetween size="l">
        <Container header={<Header variant="h2">{getStarted.stepsTitle}</Header>}>
          <ol>
            {getStarted.steps.map((step) => (
              <li key={step.title}>
                <Box variant="strong">{step.title}</Box>
                <Box variant="p">{step.body}</Box>
              </li>
            ))}
          </ol>
          <Link to={paths.tutorials}>{getStarted.tutorials}</Link>
        </Container>
        <Container header={<Header variant="h2">{getStarted.examplesTitle}</Header>}>
          <Box variant="p">{getStarted.examplesBody}</Box>
          <LinkButton to={paths.examples} variant="primary">
            {getStarted.tryExamples}
          </LinkButton>
        </Container>
        <Container header={<Header variant="h2">{getStarted.ownTitle}</Header>}>
          <Box variant="p">{getStarted.ownBody}</Box>
          <LinkButton to={paths.createProject}>{getStarted.createProject}</LinkButton>
        </Container>
      </SpaceBetween>
    </Page>
  );
}
