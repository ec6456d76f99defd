import CloudscapeLink from "@cloudscape-design/components/link";
import type { ReactNode } from "react";
import { showHelp } from "../app/shellState";
import { useTexts } from "../texts";

/** "Info" beside a heading: opens the help panel with an explanation. */
export function InfoLink({ title, children }: { title: string; children: ReactNode }) {
  const { common } = useTexts();
  return (
    <span className="info-link">
      <CloudscapeLink variant="info" ariaLabel={`${common.info}: ${title}`} onFollow={() => showHelp({ title, body: children })}>
        {common.info}
      </CloudscapeLink>
    </span>
  );
}
