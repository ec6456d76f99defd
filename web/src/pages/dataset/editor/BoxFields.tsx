import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useState } from "react";
import { useTexts } from "../../../texts";
import type { Box, ImageSize, Rectangle } from "../model/annotations";
import { boxProblem, minimumSide } from "../model/geometry";

const SIDES = ["left", "top", "width", "height"] as const;
type Side = (typeof SIDES)[number];

interface Props {
  readonly box: Box;
  readonly size: ImageSize;
  readonly onChange: (box: Rectangle, side: Side) => void;
}

/** The chosen box in numbers of pixels. A number that breaks a rule is shown with the rule and not taken. */
export function BoxFields({ box, size, onChange }: Props) {
  const { editor } = useTexts();
  const [typed, setTyped] = useState<{ side: Side; text: string } | null>(null);
  const wrong = typed === null ? null : problemOf(box, typed, size);
  return (
    <FormField
      errorText={
        wrong === null
          ? undefined
          : wrong === "number"
            ? editor.wholeNumber
            : editor.limits[wrong](minimumSide(size), size)
      }
      stretch
    >
      <div className="box-fields">
        {SIDES.map((side) => (
          <FormField key={side} label={editor.sides[side]}>
            <Input
              type="number"
              inputMode="numeric"
              step={1}
              invalid={wrong !== null && typed?.side === side}
              value={typed?.side === side ? typed.text : String(Math.round(box[side] * 100) / 100)}
              onChange={({ detail }) => {
                const next = { side, text: detail.value };
                setTyped(next);
                if (problemOf(box, next, size) === null) onChange({ ...box, [side]: Number(detail.value) }, side);
              }}
              onBlur={() => setTyped(null)}
            />
          </FormField>
        ))}
      </div>
    </FormField>
  );
}

function problemOf(box: Rectangle, { side, text }: { side: Side; text: string }, size: ImageSize) {
  if (!/^\d{1,5}$/.test(text.trim())) return "number" as const;
  return boxProblem({ ...box, [side]: Number(text) }, size);
}
