import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import { Component, type ReactNode } from "react";
import { useTexts } from "../texts";

/** Shows an error of the page itself in place of a blank window. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override render() {
    return this.state.hasFailed ? <Crashed /> : this.props.children;
  }
}

/** What is shown where a page met an error of its own. */
export function Crashed() {
  const { common } = useTexts();
  return (
    <Alert type="error" header={common.crashed} action={<Button onClick={() => window.location.reload()}>{common.reload}</Button>}>
      {common.crashedBody}
    </Alert>
  );
}
