import { ChevronDown } from "lucide-react";
import type { PendingMode } from "../../protocol/message.ts";
import { ActionMenu, Choice } from "../components/menu.tsx";
import { useLanguage } from "../language/language.ts";
import { modes } from "./modes.ts";

const order = Object.keys(modes) as PendingMode[];

interface ModeMenuProps {
  mode: PendingMode;
  onChoose: (mode: PendingMode) => void;
}

/** What becomes of the next message while a run is at work. */
export function ModeMenu({ mode, onChoose }: ModeMenuProps) {
  const { t } = useLanguage();
  const label = t(modes[mode].label);
  const Icon = modes[mode].icon;
  return (
    <ActionMenu
      trigger={
        <button
          type="button"
          aria-label={t("mode.current", { mode: label })}
          title={t(modes[mode].hint)}
          className="flex h-9 items-center gap-1 rounded-full px-2.5 text-muted-foreground text-sm hover:bg-muted hover:text-foreground pointer-coarse:h-10"
        >
          <Icon size={15} aria-hidden="true" />
          {label}
          <ChevronDown size={14} aria-hidden="true" />
        </button>
      }
    >
      <Choice
        label={t("mode.title")}
        value={mode}
        choices={order.map((value) => {
          const { icon: Face, label: name, hint } = modes[value];
          return { value, label: t(name), hint: t(hint), icon: <Face size={16} aria-hidden="true" /> };
        })}
        onChoose={onChoose}
      />
    </ActionMenu>
  );
}
