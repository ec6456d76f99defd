import { Fragment } from "react";

/** A name or state that may go on in the next line after "_", "-" and ".", so that it is not broken within a word. */
export function Breakable({ text }: { text: string }) {
  return text.split(/(?<=[_.-])(?=[^_.-])/).map((part, index) => (
    <Fragment key={index}>
      {index > 0 && <wbr />}
      {part}
    </Fragment>
  ));
}
