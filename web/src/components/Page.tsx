import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import { type ReactNode, useEffect } from "react";
import { type Crumb, useCrumbs } from "../app/shellState";
import { useTexts } from "../texts";
import { Breakable } from "./Breakable";

interface Props {
  title: string;
  crumbs: readonly Crumb[];
  info?: ReactNode;
  description?: ReactNode;
  actions?: ReactNode;
  /** The window's title, where it is not the page's. */
  windowTitle?: string;
  children: ReactNode;
}

/** Every page: heading, breadcrumbs, the window's title, content. */
export function Page({ title, crumbs, info, description, actions, windowTitle, children }: Props) {
  const { product } = useTexts();
  useCrumbs(crumbs);
  useEffect(() => {
    document.title = `${windowTitle ?? title} - ${product}`;
  }, [windowTitle, title, product]);
  return (
    <ContentLayout
      header={
        <Header variant="h1" info={info} description={description} actions={actions}>
          <Breakable text={title} />
        </Header>
      }
    >
      {children}
    </ContentLayout>
  );
}
