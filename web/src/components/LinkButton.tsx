import Button, { type ButtonProps } from "@cloudscape-design/components/button";
import { useHref } from "react-router";
import { useFollow } from "./Link";

/** A button that leads to a page of the console. */
export function LinkButton({ to, ...rest }: Omit<ButtonProps, "href" | "onFollow"> & { to: string }) {
  return <Button {...rest} href={useHref(to)} onFollow={useFollow()} />;
}
