import Box from "@cloudscape-design/components/box";
import { paths } from "../app/paths";
import { useTexts } from "../texts";
import { Link } from "./Link";
import { Page } from "./Page";

/** For an address that names nothing: a page that does not exist, a project that was deleted. */
export function NotFound() {
  const { common } = useTexts();
  return (
    <Page title={common.notFound} crumbs={[]}>
      <Box variant="p">{common.notFoundBody}</Box>
      <Link to={paths.projects}>{common.toProjects}</Link>
    </Page>
  );
}
