import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useParams } from "react-router";
import { paths } from "../../app/paths";
import { LinkButton } from "../../components/LinkButton";
import { NotFound } from "../../components/NotFound";
import { Page } from "../../components/Page";
import { useTexts } from "../../texts";

/** One tutorial: its steps in order. */
export function Component() {
  const { tutorials, navigation } = useTexts();
  const { tutorial: id } = useParams();
  const tutorial = tutorials.list.find((one) => one.id === id);
  if (!tutorial) return <NotFound />;
  const crumbs = [
    { text: navigation.tutorials, href: paths.tutorials },
    { text: tutorial.title, href: paths.tutorial(tutorial.id) },
  ];
  return (
    <Page title={tutorial.title} description={tutorial.summary} crumbs={crumbs}>
      <SpaceBetween size="l">
        <Container>
          <ol className="steps">
            {tutorial.steps.map((step) => (
              <li key={step.title}>
                <Box variant="h2" fontSize="heading-s">{step.title}</Box>
                <Box variant="p">{step.body}</Box>
              </li>
            ))}
          </ol>
        </Container>
        <SpaceBetween direction="horizontal" size="xs">
          <LinkButton to={paths.examples}>{navigation.examples}</LinkButton>
          <LinkButton to={paths.projects}>{navigation.projects}</LinkButton>
        </SpaceBetween>
      </SpaceBetween>
    </Page>
  );
}
