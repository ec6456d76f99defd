import Cards from "@cloudscape-design/components/cards";
import Box from "@cloudscape-design/components/box";
import { paths } from "../../app/paths";
import { Link } from "../../components/Link";
import { Page } from "../../components/Page";
import { useTexts } from "../../texts";

/** The list of tutorials (C-1); the guide's are videos (C-29), these are texts. */
export function Component() {
  const { tutorials, navigation } = useTexts();
  return (
    <Page title={tutorials.title} description={tutorials.description} crumbs={[{ text: navigation.tutorials, href: paths.tutorials }]}>
      <Cards
        items={tutorials.list}
        trackBy="id"
        ariaLabels={{ itemSelectionLabel: () => "", selectionGroupLabel: "" }}
        cardDefinition={{
          header: ({ id, title }) => (
            <Link to={paths.tutorial(id)} fontSize="heading-m">
              {title}
            </Link>
          ),
          sections: [{ id: "summary", content: ({ summary }) => <Box variant="p">{summary}</Box> }],
        }}
      />
    </Page>
  );
}
