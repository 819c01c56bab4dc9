import { ChevronDown } from "lucide-react";
import { ActionMenu, Choice } from "../components/menu.tsx";
import { useLanguage } from "../language/language.ts";
import { modesOfQuestion, type SendMode } from "./modes.ts";

interface ModeMenuProps {
  mode: SendMode;
  modes: readonly SendMode[];
  onChoose: (mode: SendMode) => void;
}

/** What becomes of the next message while a run is at work. */
export function ModeMenu({ mode, modes, onChoose }: ModeMenuProps) {
  const { t } = useLanguage();
  const { icon: Icon, label, hint } = modesOfQuestion[mode];
  return (
    <ActionMenu
      trigger={
        <button
          type="button"
          aria-label={t("mode.current", { mode: t(label) })}
          title={t(hint)}
          className="flex h-9 items-center gap-1 rounded-full px-2.5 text-muted-foreground text-sm hover:bg-muted hover:text-foreground pointer-coarse:h-10"
        >
          <Icon size={15} aria-hidden="true" />
          {t(label)}
          <ChevronDown size={14} aria-hidden="true" />
        </button>
      }
    >
      <Choice
        label={t("mode.title")}
        value={mode}
        choices={modes.map((value) => {
          const face = modesOfQuestion[value];
          return {
            value,
            label: t(face.label),
            hint: t(face.hint),
            icon: <face.icon size={16} aria-hidden="true" />,
          };
        })}
        onChoose={onChoose}
      />
    </ActionMenu>
  );
}
