import { Dialog } from "@base-ui/react/dialog";
import type { ReactNode } from "react";
import { CloseButton } from "./close-button.tsx";

interface WideDialogProps {
  onClose: () => void;
  title: string;
  description: string;
  children: ReactNode;
}

/** A dialog with room for a text; on a phone it fills the screen. */
export function WideDialog({ onClose, title, description, children }: WideDialogProps) {
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-black/30 dark:bg-black/55" />
        <Dialog.Popup className="fixed inset-0 z-50 flex flex-col overflow-hidden bg-card outline-none sm:inset-x-6 sm:inset-y-[8dvh] sm:mx-auto sm:max-w-2xl sm:rounded-2xl sm:border sm:shadow-2xl sm:shadow-black/15">
          <header className="flex shrink-0 items-start gap-2 border-b py-3 pr-2.5 pl-5">
            <div className="min-w-0 flex-1">
              <Dialog.Title className="font-semibold text-[15px] leading-snug wrap-anywhere">
                {title}
              </Dialog.Title>
              <Dialog.Description className="text-muted-foreground text-sm wrap-anywhere">
                {description}
              </Dialog.Description>
            </div>
            <CloseButton />
          </header>
          <div className="flex min-h-0 flex-1 flex-col gap-4 overflow-y-auto px-5 py-4">{children}</div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
