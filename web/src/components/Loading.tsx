import Box from "@cloudscape-design/components/box";
import Spinner from "@cloudscape-design/components/spinner";

/** What is shown while something is on its way. */
export function Loading({ text }: { text: string }) {
  return (
    <Box textAlign="center" padding="l" color="text-status-inactive">
      <Spinner /> {text}
    </Box>
  );
}
