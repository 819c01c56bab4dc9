import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { Link, useSearchParams } from "react-router";
import type { FileEntry } from "../../protocol/file.ts";
import { Button } from "../components/button.tsx";
import { ConfirmDialog } from "../components/dialog.tsx";
import { showHidden } from "../components/show-hidden.ts";
import { notices } from "../components/toaster.tsx";
import { useLanguage } from "../language/language.ts";
import { explainProblem } from "../language/problem.ts";
import { client } from "../state/client.ts";
import { FileRow } from "./file-row.tsx";
import { PreviewDialog } from "./preview-dialog.tsx";

/** So many rows, each with a menu of its own, are put on the page at once. */
const pageSize = 200;

/** What is in a directory, a page at a time, the way up, and over it the file that the address says to show. */
export function FileList({ directory }: { directory: string }) {
  const language = useLanguage();
  const { t, format } = language;
  const queries = useQueryClient();
  const [search, setSearch] = useSearchParams();
  const preview = search.get("preview");
  const [leaving, setLeaving] = useState<FileEntry | null>(null);
  const listing = useInfiniteQuery({
    queryKey: ["files", directory],
    queryFn: ({ pageParam, signal }) =>
      client.listFiles({ path: directory, page: pageParam, page_size: pageSize }, { signal }),
    initialPageParam: 1,
    getNextPageParam: ({ page, page_size, count }) => (page * page_size < count ? page + 1 : undefined),
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
  const { crumbs = [], exists = true, count = 0 } = listing.data?.pages[0] ?? {};
  // What comes or goes between two pages moves the rest: each name once.
  const listed = listing.data?.pages.flatMap((page) => page.entries) ?? [];
  const entries = [...new Map(listed.map((entry) => [entry.rel, entry])).values()];
  const closePreview = () =>
    setSearch(
      (before) => {
        before.delete("preview");
        return before;
      },
      { replace: true },
    );
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
              {crumb.rel === "" ? t("files.all") : showHidden(crumb.label)}
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
        {listing.hasNextPage && (
          <div className="mt-2 space-y-1 text-center text-muted-foreground text-xs">
            <p>{t("files.someOf", { shown: format.number(entries.length), count: format.number(count) })}</p>
            <Button
              look="quiet"
              className="w-full"
              disabled={listing.isFetchingNextPage}
              onClick={() => listing.fetchNextPage()}
            >
              {t(listing.isFetchingNextPage ? "page.loading" : "tasks.more")}
            </Button>
          </div>
        )}
      </div>
      {preview !== null && (
        <PreviewDialog
          path={preview}
          entry={entries.find((entry) => entry.rel === preview)}
          onClose={closePreview}
        />
      )}
      <ConfirmDialog
        open={leaving !== null}
        onClose={() => setLeaving(null)}
        title={t("files.deleteTitle", { name: showHidden(leaving?.name ?? "") })}
        description={t(leaving?.is_dir ? "files.deleteFolderHint" : "files.deleteHint")}
        action={t("action.delete")}
        busy={remove.isPending}
        onConfirm={() => leaving && remove.mutate(leaving)}
      />
    </>
  );
}
