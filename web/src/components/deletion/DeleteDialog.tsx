import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTexts } from "../../texts";
import { ConfirmDialog } from "../ConfirmDialog";

interface Props {
  title: string;
  /** Where it is not the title. */
  button?: string;
  children: ReactNode;
  remove: () => Promise<unknown>;
  onDeleted?: () => void;
  onClose: () => void;
}

/** Deletes something that cannot be brought back: type `delete`, the same word in every language (C-25 to C-27, X-32). */
export function DeleteDialog({ title, button = title, children, remove, onDeleted, onClose }: Props) {
  const { deletion } = useTexts();
  const removal = useMutation({
    mutationFn: remove,
    onSuccess: () => {
      onClose();
      onDeleted?.();
    },
  });
  return (
    <ConfirmDialog
      title={title}
      button={button}
      word="delete"
      wordLabel={deletion.confirm("delete")}
      isPending={removal.isPending}
      error={removal.error}
      onConfirm={() => removal.mutate()}
      onClose={onClose}
    >
      {children}
    </ConfirmDialog>
  );
}
