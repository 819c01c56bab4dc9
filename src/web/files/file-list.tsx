import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { Link } from "react-router";
import type { FileEntry } from "../../protocol/file.ts";
import { Button } from "../components/button.tsx";
import { ConfirmDialog } from "../components/dialog.tsx";
import { notices } from "../components/toaster.tsx";
import { useLanguage } from "../language/language.ts";
import { explainProblem } from "../language/problem.ts";
import { client } from "../state/client.ts";
import { FileRow } from "./file-row.tsx";

/** What is in a directory, and the way up. */
export function FileList({ directory }: { directory: string }) {
  const language = useLanguage();
  const { t } = language;
  const queries = useQueryClient();
  const [leaving, setLeaving] = useState<FileEntry | null>(null);
  const listing = useQuery({
    queryKey: ["files", directory],
    queryFn: ({ signal }) => client.listFiles({ path: directory }, { signal }),
    refetchInterval: 15_000,
  });
  const remove = useMutation({
    mutationFn: (entry: FileEntry) => client.deleteFile({ path: entry.rel }),
    onError: (error) => notices.add({ type: "error", title: explainProblem(error, language) }),
    onSettled: () => {
      setLeaving(null);
      return queries.invalidateQueries({ queryKey: ["files"] });
    },
  });
  const { crumbs = [], entries = [], exists = true } = listing.data ?? {};
  return (
    <>
      <nav aria-label={t("files.path")} className="flex flex-wrap items-center px-3 py-1 text-sm">
        {crumbs.map((crumb, index) => (
          <span key={crumb.rel} className="flex min-w-0 items-center">
            {index > 0 && <ChevronRight size={14} aria-hidden="true" className="text-muted-foreground" />}
            <Link
              to={`?files=${encodeURIComponent(crumb.rel || "/")}`}
              aria-current={index === crumbs.length - 1 ? "page" : undefined}
              className="truncate rounded px-1 py-0.5 text-muted-foreground hover:bg-muted hover:text-foreground aria-[current=page]:text-foreground"
            >
              {crumb.rel === "" ? t("files.all") : crumb.label}
            </Link>
          </span>
        ))}
      </nav>
      <div
        className="min-h-0 flex-1 overflow-y-auto overscroll-contain px-2 pb-3"
        aria-busy={listing.isPending}
      >
        {listing.isError && (
          <div role="alert" className="space-y-2 p-2 text-danger text-sm">
            <p>{explainProblem(listing.error, language)}</p>
            <Button onClick={() => listing.refetch()}>{t("action.retry")}</Button>
          </div>
        )}
        {listing.isSuccess && entries.length === 0 && (
          <p className="mx-1 mt-2 rounded-xl border border-dashed px-4 py-8 text-center text-muted-foreground text-sm">
            {t(exists ? "files.empty" : "files.missing")}
          </p>
        )}
        <ul>
          {entries.map((entry) => (
            <FileRow key={entry.rel} entry={entry} onDelete={() => setLeaving(entry)} />
          ))}
        </ul>
      </div>
      <ConfirmDialog
        open={leaving !== null}
        onClose={() => setLeaving(null)}
        title={t("files.deleteTitle", { name: leaving?.name ?? "" })}
        description={t(leaving?.is_dir ? "files.deleteFolderHint" : "files.deleteHint")}
        action={t("action.delete")}
        busy={remove.isPending}
        onConfirm={() => leaving && remove.mutate(leaving)}
      />
    </>
  );
}
