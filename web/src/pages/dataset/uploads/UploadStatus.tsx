import Alert from "@cloudscape-design/components/alert";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { ErrorAlert } from "../../../components/ErrorAlert";
import { useTexts } from "../../../texts";
import type { UploadState } from "./useUpload";

/** How far an upload is, and which files did not arrive. */
export function UploadStatus({ state, onRetry }: { state: UploadState; onRetry: () => void }) {
  const { uploads, common } = useTexts();
  if (state.step === "idle") return null;
  if (state.step === "failed") return <ErrorAlert error={state.error} onRetry={onRetry} />;
  const { failed, done } = state.progress;
  return (
    <SpaceBetween size="s">
      {state.step === "uploading" && (
        <ProgressBar
          label={uploads.uploading}
          value={(100 * (done + failed.length)) / Math.max(1, state.total)}
          additionalInfo={common.of(done, state.total)}
        />
      )}
      {state.step === "uploaded" && <StatusIndicator type="success">{uploads.uploaded(done)}</StatusIndicator>}
      {state.step === "saving" && <StatusIndicator type="in-progress">{uploads.saving}</StatusIndicator>}
      {failed.length > 0 && (
        <Alert type="error" header={uploads.failed(failed.length)}>
          <ul className="picked-files">
            {failed.slice(0, 100).map(({ picked, reason }, index) => (
              <li key={index}>
                <bdi>{picked.path}</bdi>: {reason}
              </li>
            ))}
          </ul>
        </Alert>
      )}
    </SpaceBetween>
  );
}
