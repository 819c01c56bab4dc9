import { FileText, X } from "lucide-react";
import { showHidden } from "../components/show-hidden.ts";
import { rawAddress } from "../files/address.ts";
import { nameOf } from "../files/file-chip.tsx";
import { previewKind } from "../files/preview-kind.ts";
import { useLanguage } from "../language/language.ts";

/** A file that goes with the next message; `path` where it is on the server already. */
export interface ChosenFile {
  key: string;
  name: string;
  path?: string;
  hint?: string;
}

/** What is uploaded already, by its paths. */
export function uploadedFiles(paths: readonly string[]): ChosenFile[] {
  return paths.map((path) => ({ key: path, name: nameOf(path), path }));
}

interface AttachmentChipsProps {
  files: readonly ChosenFile[];
  onRemove: (key: string) => void;
}

/** The files that go with the next message, each with a way to take it away. */
export function AttachmentChips({ files, onRemove }: AttachmentChipsProps) {
  const { t } = useLanguage();
  if (files.length === 0) return null;
  return (
    <ul
      aria-label={t("attachment.list")}
      className="flex max-h-[30dvh] flex-wrap gap-1.5 overflow-y-auto px-3 pt-3"
    >
      {files.map(({ key, name, path, hint }) => {
        const shown = showHidden(name);
        return (
          <li
            key={key}
            title={shown}
            className="flex max-w-64 min-w-0 items-center gap-2 rounded-lg border bg-surface py-1 pr-0.5 pl-2 text-sm"
          >
            {path !== undefined && previewKind(name) === "picture" ? (
              <img src={rawAddress(path)} alt="" className="size-8 shrink-0 rounded object-cover" />
            ) : (
              <FileText size={15} aria-hidden="true" className="shrink-0 text-muted-foreground" />
            )}
            <span className="min-w-0 truncate">{shown}</span>
            {hint && <span className="shrink-0 text-muted-foreground text-xs">{hint}</span>}
            <button
              type="button"
              aria-label={t("attachment.remove", { name: shown })}
              className="grid size-7 shrink-0 place-items-center rounded-md text-muted-foreground hover:bg-muted hover:text-foreground pointer-coarse:size-10"
              onClick={() => onRemove(key)}
            >
              <X size={14} aria-hidden="true" />
            </button>
          </li>
        );
      })}
    </ul>
  );
}
