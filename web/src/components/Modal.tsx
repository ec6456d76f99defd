import CloudscapeModal, { type ModalProps } from "@cloudscape-design/components/modal";
import { useEffect, useRef } from "react";
import { useTexts } from "../texts";

/**
 * A dialog that gives the focus back to what opened it. The design system does so by itself only where that element is
 * still there and focusable; a menu's item, for example, is gone by then.
 */
export function Modal({ returnFocusTo, ...props }: ModalProps & { returnFocusTo?: () => HTMLElement | null }) {
  const { common } = useTexts();
  const opener = useRef<Element | null>(null);
  const target = useRef(returnFocusTo);
  useEffect(() => {
    target.current = returnFocusTo;
  });
  useEffect(() => {
    if (!props.visible) return;
    opener.current = document.activeElement;
    return () => {
      const element = target.current?.() ?? opener.current;
      requestAnimationFrame(() => {
        if (document.activeElement !== null && document.activeElement !== document.body) return;
        if (element instanceof HTMLElement && element.isConnected) element.focus();
        else document.querySelector<HTMLElement>("main h1")?.focus();
      });
    };
  }, [props.visible]);
  return <CloudscapeModal closeAriaLabel={common.close} {...props} />;
}
