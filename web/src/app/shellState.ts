import type { FlashbarProps } from "@cloudscape-design/components/flashbar";
import { type ReactNode, useEffect } from "react";
import { createStore, useStore } from "../state/store";

/** What pages hand to the frame around them: breadcrumbs, the help panel, messages. */

export interface Crumb {
  text: string;
  href: string;
}

export const crumbsStore = createStore<readonly Crumb[]>([]);

/** The trail after "Custom Labels" while a page is shown. */
export function useCrumbs(crumbs: readonly Crumb[]): void {
  const text = JSON.stringify(crumbs);
  useEffect(() => crumbsStore.set(JSON.parse(text) as Crumb[]), [text]);
}

export interface Help {
  title: string;
  body: ReactNode;
}

interface HelpState {
  help: Help | null;
  isOpen: boolean;
}

export const helpStore = createStore<HelpState>({ help: null, isOpen: false });
export const showHelp = (help: Help) => helpStore.set({ help, isOpen: true });

export interface Notice {
  id: string;
  type: NonNullable<FlashbarProps.MessageDefinition["type"]>;
  header?: string;
  content: ReactNode;
}

export const noticesStore = createStore<readonly Notice[]>([]);
export const useNotices = () => useStore(noticesStore);

/** Show a message at the top of the page; one with the same id is replaced. */
export function notify(notice: Omit<Notice, "id"> & { id?: string }): void {
  const id = notice.id ?? `${Date.now()}-${Math.random()}`;
  noticesStore.set([...noticesStore.get().filter((one) => one.id !== id), { ...notice, id }]);
}

export const dismissNotice = (id: string) => noticesStore.set(noticesStore.get().filter((one) => one.id !== id));
