import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import type { ProjectDataset } from "../../api/types";
import { useTexts } from "../../texts";
import { useErrorCatalogue } from "./io/queries";

/** What the dataset's state means to the reader: at work, or failed in the service's words with cause and cure. */
export function StatusAlert({ dataset }: { dataset: ProjectDataset }) {
  const { dataset: texts, gallery } = useTexts();
  const catalogue = useErrorCatalogue();
  const { status, status_message: message } = dataset;
  if (status.endsWith("_FAILED")) {
    const rule = [...catalogue.values()].find((one) => one.message !== "" && message.includes(one.message));
    return (
      <Alert type="error" header={status}>
        {message}
        {rule && (
          <Box fontSize="body-s">
            <div>{rule.code}</div>
            {rule.cause && <div>{gallery.cause(rule.cause)}</div>}
            {rule.cure && <div>{gallery.cure(rule.cure)}</div>}
          </Box>
        )}
      </Alert>
    );
  }
  if (!status.endsWith("_IN_PROGRESS")) return null;
  return (
    <div role="status">
      <StatusIndicator type="in-progress">
        {status}: {message || texts.atWork}
      </StatusIndicator>
    </div>
  );
}
