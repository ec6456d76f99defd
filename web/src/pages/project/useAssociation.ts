import { useEffect } from "react";
import { useApi } from "../../api/client";
import type { Project } from "../../api/types";
import { notify } from "../../app/shellState";
import { useTexts } from "../../texts";

/**
 * Opening the page of a project that was trained with manifests makes datasets of them (D-19, T-3). Where there is
 * nothing to do, or it cannot be done now, the page is shown as it is.
 */
export function useAssociation(project: Project): void {
  const api = useApi();
  const texts = useTexts();
  const { arn } = project;
  const isCandidate = project.datasets.length === 0 && project.versions.length > 0;
  useEffect(() => {
    if (!isCandidate) return;
    api.post("/project/associate", { project: arn }).then(
      ({ datasets }) => {
        if (datasets.length > 0) notify({ id: `associated-${arn}`, type: "info", content: texts.project.associated });
      },
      () => undefined,
    );
    // Once for each project that is opened, in whatever language.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [api, arn, isCandidate]);
}
