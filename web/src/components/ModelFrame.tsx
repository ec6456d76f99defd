import type { ReactNode } from "react";
import type { Project, Version } from "../api/types";
import { ErrorAlert } from "./ErrorAlert";
import { Loading } from "./Loading";
import { NotFound } from "./NotFound";
import { useTexts } from "../texts";
import { useModel } from "./useModel";

export interface Model {
  project: Project;
  version: Version;
}

/** What the pages of a model share: loading, failing, and a model that is not there. */
export function ModelFrame({ children }: { children: (model: Model) => ReactNode }) {
  const { common } = useTexts();
  const { query, found } = useModel();
  if (query.isPending) return <Loading text={common.loading} />;
  if (query.error) return <ErrorAlert header={common.failedToLoad} error={query.error} onRetry={() => void query.refetch()} />;
  return found ? children(found) : <NotFound />;
}
