import { Dialog } from "@base-ui/react/dialog";
import type { ReactNode } from "react";
import { useLanguage } from "../language/language.ts";
import { Button } from "./button.tsx";

interface ModalProps {
  open: boolean;
  onClose: () => void;
  title: string;
  description?: string;
  children?: ReactNode;
}

/** A dialog over the page; Escape and a press outside close it, the focus returns to where it was. */
export function Modal({ open, onClose, title, description, children }: ModalProps) {
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-black/30 transition-opacity duration-150 data-ending-style:opacity-0 data-starting-style:opacity-0 dark:bg-black/55" />
        <Dialog.Popup className="fixed top-1/2 left-1/2 z-50 flex max-h-[calc(100dvh-2rem)] w-[27rem] max-w-[calc(100vw-2rem)] -translate-x-1/2 -translate-y-1/2 flex-col gap-4 overflow-y-auto rounded-2xl border bg-card p-6 shadow-2xl shadow-black/15 outline-none transition-[scale,opacity] duration-150 data-ending-style:scale-[0.98] data-ending-style:opacity-0 data-starting-style:scale-[0.98] data-starting-style:opacity-0">
          <div className="space-y-1.5">
            <Dialog.Title className="font-semibold text-[17px] leading-snug wrap-anywhere">
              {title}
            </Dialog.Title>
            {description && (
              <Dialog.Description className="text-muted-foreground text-sm wrap-anywhere">
                {description}
              </Dialog.Description>
            )}
          </div>
          {children}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface ConfirmProps extends Omit<ModalProps, "children"> {
  action: string;
  busy?: boolean;
  onConfirm: () => void;
}

/** Asks before something that cannot be undone. */
export function ConfirmDialog({ action, busy = false, onConfirm, ...modal }: ConfirmProps) {
  const { t } = useLanguage();
  return (
    <Modal {...modal}>
      <div className="flex justify-end gap-2 pt-1">
        <Button onClick={modal.onClose}>{t("action.cancel")}</Button>
        <Button look="danger" disabled={busy} onClick={onConfirm}>
          {action}
        </Button>
      </div>
    </Modal>
  );
}
