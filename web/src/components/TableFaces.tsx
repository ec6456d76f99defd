import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { useTexts } from "../texts";

/** A table without items: what would be there, and how to get it. */
export function TableEmpty({ title, body, action }: { title: string; body?: string; action?: ReactNode }) {
  return (
    <Box textAlign="center" color="inherit" padding={{ vertical: "m" }}>
      <SpaceBetween size="xs">
        <Box variant="strong" color="inherit">
          {title}
        </Box>
        {body && (
          <Box variant="p" color="inherit">
            {body}
          </Box>
        )}
        {action}
      </SpaceBetween>
    </Box>
  );
}

/** A table whose filter fits nothing. */
export function TableNoMatch({ onClear }: { onClear: () => void }) {
  const { common } = useTexts();
  return <TableEmpty title={common.noMatches} action={<Button onClick={onClear}>{common.clearFilter}</Button>} />;
}
