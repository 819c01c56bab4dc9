import { Autocomplete } from "@base-ui/react/autocomplete";
import { Folder } from "lucide-react";
import { fieldClass, Labelled } from "../components/field.tsx";
import { useLanguage } from "../language/language.ts";
import { useFolders } from "../state/queries.ts";

interface DirectoryFieldProps {
  value: string;
  placeholder: string;
  onChange: (directory: string) => void;
}

/** Names a task's directory: one that is there, or a new one. */
export function DirectoryField({ value, placeholder, onChange }: DirectoryFieldProps) {
  const { t } = useLanguage();
  const folders = useFolders().data ?? [];
  return (
    <Labelled label={t("new.directory")} hint={t("new.directoryHint")}>
      {(own) => (
        <Autocomplete.Root
          items={folders.map((folder) => folder.name)}
          value={value}
          onValueChange={onChange}
          openOnInputClick
        >
          <Autocomplete.Input {...own} className={fieldClass} placeholder={placeholder} />
          <Autocomplete.Portal>
            <Autocomplete.Positioner className="z-50 outline-none" sideOffset={4}>
              <Autocomplete.Popup className="w-(--anchor-width) rounded-xl border bg-card shadow-black/10 shadow-lg empty:hidden data-empty:hidden">
                <Autocomplete.List className="max-h-[min(18rem,var(--available-height))] overflow-y-auto p-1 data-empty:p-0">
                  {(name: string) => (
                    <Autocomplete.Item
                      key={name}
                      value={name}
                      className="flex items-center gap-2 rounded-lg px-2.5 py-1.5 text-sm data-highlighted:bg-muted"
                    >
                      <Folder size={15} aria-hidden="true" className="shrink-0 text-muted-foreground" />
                      <span className="truncate">{name}</span>
                    </Autocomplete.Item>
                  )}
                </Autocomplete.List>
              </Autocomplete.Popup>
            </Autocomplete.Positioner>
          </Autocomplete.Portal>
        </Autocomplete.Root>
      )}
    </Labelled>
  );
}
