import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import { isTransport } from "../state/queries";
import { type Texts, useTexts } from "../texts";

/** The service's own words of an error: the message, never translated. */
export function messageOf(error: unknown, texts: Texts): string {
  if (isTransport(error)) return texts.common.unreachable;
  return error instanceof Error ? error.message : String(error);
}

/** AWS's name of an error. */
export const codeOf = (error: unknown) => (error instanceof Error && !isTransport(error) ? error.name : "");

interface Props {
  error: unknown;
  header?: string;
  onRetry?: () => void;
  onDismiss?: () => void;
}

/** An error as the service told it, with the way to try again. */
export function ErrorAlert({ error, header, onRetry, onDismiss }: Props) {
  const texts = useTexts();
  const code = codeOf(error);
  return (
    <Alert
      type="error"
      header={header ?? texts.common.failed}
      dismissible={onDismiss !== undefined}
      onDismiss={() => onDismiss?.()}
      action={onRetry && <Button onClick={onRetry}>{texts.common.retry}</Button>}
    >
      {messageOf(error, texts)}
      {code && (
        <Box variant="small" display="block">
          {code}
        </Box>
      )}
    </Alert>
  );
}
