import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useTexts } from "../../../texts";
import type { CatalogueRule, DatasetEntry } from "../../../api/types";

interface Props {
  readonly errors: DatasetEntry["errors"];
  readonly catalogue: ReadonlyMap<string, CatalogueRule>;
}

/** Errors of one image: code and message of the service, then rule, cause and cure (C-13, J-24). */
export function ErrorDetails({ errors, catalogue }: Props) {
  const { gallery } = useTexts();
  const counts = new Map<string, { message: string; count: number }>();
  for (const { code, message } of errors) {
    counts.set(code, { message, count: (counts.get(code)?.count ?? 0) + 1 });
  }
  return (
    <SpaceBetween size="s">
      {[...counts].map(([code, { message, count }]) => {
        const rule = catalogue.get(code);
        return (
          <div key={code} data-testid="image-error">
            <Box variant="strong">
              {code}
              {count > 1 && ` ×${count}`}
            </Box>
            <Box>{message}</Box>
            {rule && (
              <Box fontSize="body-s" color="text-body-secondary">
                {rule.ids.length > 0 && <div>{gallery.rule(rule.ids.join(", "))}</div>}
                {rule.cause && <div>{gallery.cause(rule.cause)}</div>}
                {rule.cure && <div>{gallery.cure(rule.cure)}</div>}
                {rule.effect && <div>{gallery.effect(rule.effect)}</div>}
              </Box>
            )}
          </div>
        );
      })}
    </SpaceBetween>
  );
}
