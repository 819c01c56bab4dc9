import {
  Download,
  Ellipsis,
  FileArchive,
  FileCode,
  File as FileIcon,
  FileImage,
  FileSpreadsheet,
  FileText,
  Folder,
  type LucideIcon,
  Trash2,
} from "lucide-react";
import { Link, useSearchParams } from "react-router";
import type { FileEntry } from "../../protocol/file.ts";
import { IconButton } from "../components/button.tsx";
import { Action, ActionMenu } from "../components/menu.tsx";
import { showHidden } from "../components/show-hidden.ts";
import { useLanguage } from "../language/language.ts";
import { downloadAddress } from "./address.ts";

/** One file or folder: a press opens the folder, or shows the file. */
export function FileRow({ entry, onDelete }: { entry: FileEntry; onDelete: () => void }) {
  const { t, format } = useLanguage();
  const [search] = useSearchParams();
  const name = showHidden(entry.name);
  const preview = new URLSearchParams({ files: search.get("files") ?? "", preview: entry.rel });
  const Icon = entry.is_dir ? Folder : iconOf(entry.name);
  const face = (
    <>
      <Icon
        size={17}
        aria-hidden="true"
        className={`shrink-0 ${entry.is_dir ? "text-primary" : "text-muted-foreground"}`}
      />
      <span className="min-w-0 flex-1">
        <span className="line-clamp-2 text-sm leading-snug wrap-anywhere">{name}</span>
        <span className="text-muted-foreground text-xs">
          {entry.size !== null && `${format.bytes(entry.size)} · `}
          <time dateTime={entry.mtime} title={format.fullMoment(entry.mtime)}>
            {format.moment(entry.mtime)}
          </time>
        </span>
      </span>
    </>
  );
  const faceClass = "flex min-w-0 flex-1 items-center gap-2.5 rounded-lg py-1.5 pl-2 max-sm:py-2.5";
  return (
    <li className="flex items-center rounded-lg pr-0.5 [contain-intrinsic-size:auto_3.25rem] [content-visibility:auto] hover:bg-muted">
      {entry.is_dir ? (
        <Link to={`?files=${encodeURIComponent(entry.rel)}`} className={faceClass}>
          {face}
        </Link>
      ) : (
        <Link to={`?${preview}`} className={faceClass}>
          {face}
        </Link>
      )}
      <ActionMenu
        trigger={
          <IconButton label={t("files.actions", { name })} className="size-8">
            <Ellipsis size={16} aria-hidden="true" />
          </IconButton>
        }
      >
        {!entry.is_dir && (
          <Action icon={<Download size={16} />} onSelect={() => download(entry)}>
            {t("files.download")}
          </Action>
        )}
        <Action icon={<Trash2 size={16} />} danger onSelect={onDelete}>
          {t("action.delete")}
        </Action>
      </ActionMenu>
    </li>
  );
}

function download(entry: FileEntry): void {
  const link = document.createElement("a");
  link.href = downloadAddress(entry.rel);
  link.download = entry.name;
  link.click();
}

const icons: Record<string, LucideIcon> = {
  ...icon(FileSpreadsheet, "xlsx xls csv tsv ods et"),
  ...icon(FileText, "docx doc pdf txt md rtf odt wps pptx ppt"),
  ...icon(FileImage, "png jpg jpeg gif webp svg bmp heic"),
  ...icon(FileArchive, "zip tar gz 7z rar xz"),
  ...icon(FileCode, "js ts tsx jsx py go rs java c cpp h sh json yaml yml toml html css sql"),
};

function icon(shape: LucideIcon, endings: string): Record<string, LucideIcon> {
  return Object.fromEntries(endings.split(" ").map((ending) => [ending, shape]));
}

function iconOf(name: string): LucideIcon {
  return icons[name.slice(name.lastIndexOf(".") + 1).toLowerCase()] ?? FileIcon;
}
