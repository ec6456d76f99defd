import Alert from "@cloudscape-design/components/alert";
import Cards from "@cloudscape-design/components/cards";
import { useQuery } from "@tanstack/react-query";
import { useApi } from "../../api/client";
import { paths } from "../../app/paths";
import { ErrorAlert } from "../../components/ErrorAlert";
import { Loading } from "../../components/Loading";
import { Page } from "../../components/Page";
import { useScope } from "../../state/live";
import { useTexts } from "../../texts";
import { ExampleBody } from "./ExampleBody";

/** Example projects (C-2 to C-4): four cards, each makes a project with labelled images. */
export function Component() {
  const { examples, navigation, common } = useTexts();
  const api = useApi();
  const query = useQuery({
    queryKey: [useScope(), "examples"],
    queryFn: ({ signal }) => api.get("/examples", {}, signal).then((answer) => answer.examples),
    staleTime: Infinity,
  });
  return (
    <Page title={examples.title} description={examples.description} crumbs={[{ text: navigation.examples, href: paths.examples }]}>
      {query.isPending && <Loading text={common.loading} />}
      {query.error && <ErrorAlert header={common.failedToLoad} error={query.error} onRetry={() => void query.refetch()} />}
      {query.data?.length === 0 && <Alert>{common.noMatches}</Alert>}
      {query.data && (
        <Cards
          items={query.data}
          trackBy="id"
          cardsPerRow={[{ cards: 1 }, { minWidth: 700, cards: 2 }]}
          cardDefinition={{
            header: ({ id }) => <h2 className="card-title">{examples.cards[id].title}</h2>,
            sections: [{ id: "body", content: (example) => <ExampleBody example={example} /> }],
          }}
        />
      )}
    </Page>
  );
}
