import type { PixelBox, ResultItem } from "../../api/types";
import type { ShownBox } from "../../components/BoxOverlay";

/** The boxes of an image as shares of it: those of the test dataset, those of the model, or both. */
export function boxesOf(item: ResultItem, wanted: { truth: boolean; answer: boolean }): ShownBox[] {
  const { image_size: size } = item;
  if (size === null) return [];
  const shares = ({ left, top, width, height }: PixelBox) => ({
    left: left / size.width,
    top: top / size.height,
    width: width / size.width,
    height: height / size.height,
  });
  const truth = item.truth.flatMap(({ label, box }, index): ShownBox[] =>
    box ? [{ id: `truth-${index}`, label, kind: "truth", ...shares(box) }] : [],
  );
  // A false negative's box is the truth's own, which is shown already.
  const answer = item.results.flatMap(({ label, result, box }, index): ShownBox[] =>
    box && result !== "FN" ? [{ id: `answer-${index}`, label, kind: "answer", ...shares(box) }] : [],
  );
  return [...(wanted.truth ? truth : []), ...(wanted.answer ? answer : [])];
}
