import { Toast } from "@base-ui/react/toast";
import { X } from "lucide-react";
import { useLanguage } from "../language/language.ts";

/** Where short messages are put from anywhere: `notices.add({ title, type: "error" })`; `actionProps` give it a button. */
export const notices = Toast.createToastManager();

/**
 * Shows the short messages, the newest below, where they cover nothing that one presses; they go by themselves, and
 * wait while pointed at.
 */
export function Toaster() {
  return (
    <Toast.Provider toastManager={notices} timeout={7000} limit={3}>
      <Toast.Portal>
        <Toast.Viewport className="fixed inset-x-4 top-16 z-60 mx-auto flex w-auto max-w-sm flex-col gap-2 sm:right-5 sm:left-auto sm:w-96">
          <ToastList />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function ToastList() {
  const { t } = useLanguage();
  return Toast.useToastManager().toasts.map((toast) => (
    <Toast.Root
      key={toast.id}
      toast={toast}
      className={`rounded-xl border bg-card shadow-black/10 shadow-lg transition-[opacity,translate] duration-200 data-ending-style:opacity-0 data-limited:hidden data-starting-style:-translate-y-2 data-starting-style:opacity-0 ${
        toast.type === "error" ? "border-danger/40" : ""
      }`}
    >
      <Toast.Content className="flex items-start gap-3 py-3 pr-2 pl-4 text-sm">
        <div className="min-w-0 flex-1 py-1">
          <Toast.Title className="font-medium wrap-anywhere" />
          <Toast.Description className="text-muted-foreground wrap-anywhere" />
        </div>
        {toast.actionProps && (
          <Toast.Action className="h-8 shrink-0 rounded-lg px-2.5 font-medium text-primary hover:bg-muted" />
        )}
        <Toast.Close
          aria-label={t("action.close")}
          className="grid size-8 shrink-0 place-items-center rounded-lg text-muted-foreground hover:bg-muted"
        >
          <X size={16} aria-hidden="true" />
        </Toast.Close>
      </Toast.Content>
    </Toast.Root>
  ));
}
