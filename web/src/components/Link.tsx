import CloudscapeLink, { type LinkProps } from "@cloudscape-design/components/link";
import { useHref, useNavigate } from "react-router";

/** A link to a page of the console: an address that can be opened in a new tab, followed without loading the page anew. */
export function Link({ to, ...rest }: Omit<LinkProps, "href" | "onFollow"> & { to: string }) {
  const follow = useFollow();
  return <CloudscapeLink {...rest} href={useHref(to)} onFollow={follow} />;
}

/** Handler of Cloudscape's onFollow: addresses of the console are followed in place, others as the browser does. */
export function useFollow() {
  const navigate = useNavigate();
  const base = useHref("/").replace(/\/$/, "");
  return (event: CustomEvent<{ href?: string | undefined; external?: boolean | undefined }>) => {
    const { href, external } = event.detail;
    if (href === undefined || external === true || !(href === base || href.startsWith(`${base}/`))) return;
    event.preventDefault();
    void navigate(href.slice(base.length) || "/");
  };
}
