import { FileText } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { showHidden } from "../components/show-hidden.ts";
import { useLanguage } from "../language/language.ts";
import { rawAddress } from "./address.ts";
import { previewKind } from "./preview-kind.ts";

const PreviewDialog = lazy(() =>
  import("./preview-dialog.tsx").then((module) => ({ default: module.PreviewDialog })),
);

/** The last part of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** A file that something is about: a picture small, anything else by its name. A press shows it. */
export function FileChip({ path, large = false }: { path: string; large?: boolean }) {
  const { t } = useLanguage();
  const [open, setOpen] = useState(false);
  const name = showHidden(nameOf(path));
  return (
    <>
      <button
        type="button"
        aria-label={t("attachment.show", { name })}
        title={name}
        className="max-w-full overflow-hidden rounded-xl border bg-card text-sm hover:border-border-strong hover:bg-muted"
        onClick={() => setOpen(true)}
      >
        {previewKind(name) === "picture" ? (
          <img
            src={rawAddress(path)}
            alt={name}
            loading="lazy"
            className={`max-w-full object-contain ${large ? "max-h-72" : "h-24"}`}
          />
        ) : (
          <span className="flex items-center gap-2 px-3 py-1.5 pointer-coarse:py-2.5">
            <FileText size={15} aria-hidden="true" className="shrink-0 text-muted-foreground" />
            <span className="min-w-0 truncate">{name}</span>
          </span>
        )}
      </button>
      {open && (
        <Suspense fallback={null}>
          <PreviewDialog path={path} entry={undefined} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
