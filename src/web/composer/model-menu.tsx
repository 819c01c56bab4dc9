import { ChevronDown } from "lucide-react";
import { ActionMenu, Choice } from "../components/menu.tsx";
import { useLanguage } from "../language/language.ts";
import { useModels } from "../state/queries.ts";

interface ModelMenuProps {
  /** The chosen profile; empty for the usual one. */
  value: string;
  /** The profile that is used where none is chosen; empty for the server's. */
  usual: string;
  onChoose: (profile: string) => void;
}

/** Which model the next message goes to. Where there is but one there is nothing to choose. */
export function ModelMenu({ value, usual, onChoose }: ModelMenuProps) {
  const { t } = useLanguage();
  const models = useModels().data;
  if (!models || models.profiles.length < 2) return null;
  const standard = usual || models.default;
  const name = value || standard;
  return (
    <ActionMenu
      trigger={
        <button
          type="button"
          aria-label={t("composer.model", { name })}
          title={t("composer.modelTitle")}
          className="flex h-9 min-w-0 items-center gap-1 rounded-full px-2.5 text-muted-foreground text-sm hover:bg-muted hover:text-foreground pointer-coarse:h-10"
        >
          <span className="max-w-36 truncate">{name}</span>
          <ChevronDown size={14} aria-hidden="true" className="shrink-0" />
        </button>
      }
    >
      <Choice
        label={t("composer.modelTitle")}
        value={name}
        choices={models.profiles.map((profile) => ({
          value: profile.name,
          label: profile.name,
          hint: profile.name === standard ? t("new.defaultModel", { name: profile.model }) : profile.model,
        }))}
        onChoose={(profile) => onChoose(profile === standard ? "" : profile)}
      />
    </ActionMenu>
  );
}
