import { Dialog } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { useLanguage } from "../language/language.ts";
import { iconButtonClass } from "./button.tsx";

/** Closes the dialog that it stands in. */
export function CloseButton() {
  const { t } = useLanguage();
  return (
    <Dialog.Close aria-label={t("action.close")} title={t("action.close")} className={iconButtonClass()}>
      <X size={18} aria-hidden="true" />
    </Dialog.Close>
  );
}
