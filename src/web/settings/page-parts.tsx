import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Button } from "../components/button.tsx";
import { useLanguage } from "../language/language.ts";
import { explainProblem } from "../language/problem.ts";

interface PageHeadProps {
  title: string;
  intro: string;
  /** What can be done on the page as a whole. */
  children?: ReactNode;
}

/** What a page of the settings is about. */
export function PageHead({ title, intro, children }: PageHeadProps) {
  return (
    <div className="mb-5 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
      <div className="min-w-0 flex-1 basis-72">
        <h2 className="font-semibold text-lg">{title}</h2>
        <p className="mt-1 text-muted-foreground text-sm">{intro}</p>
      </div>
      {children && <div className="flex flex-wrap items-center gap-2">{children}</div>}
    </div>
  );
}

interface LoadedProps<Data> {
  query: UseQueryResult<Data>;
  children: (data: Data) => ReactNode;
}

/** What a query has brought; until then that it is on its way, or why it failed. */
export function Loaded<Data>({ query, children }: LoadedProps<Data>) {
  const language = useLanguage();
  const { t } = language;
  if (query.data !== undefined) return children(query.data);
  if (query.isError) {
    return (
      <div role="alert" className="space-y-3 text-danger text-sm">
        <p>{explainProblem(query.error, language)}</p>
        <Button onClick={() => void query.refetch()}>{t("action.retry")}</Button>
      </div>
    );
  }
  return (
    <p role="status" className="text-muted-foreground text-sm">
      {t("page.loading")}
    </p>
  );
}

/** Stands where a list has nothing in it. */
export function Empty({ children }: { children: ReactNode }) {
  return (
    <p className="rounded-xl border border-dashed px-4 py-8 text-center text-muted-foreground text-sm">
      {children}
    </p>
  );
}

/** A small word about an entry. */
export function Badge({
  children,
  look = "plain",
}: {
  children: ReactNode;
  look?: "plain" | "good" | "bad";
}) {
  const looks = { plain: "text-muted-foreground", good: "text-success", bad: "text-danger" };
  return <span className={`rounded-md bg-muted px-1.5 py-0.5 text-xs ${looks[look]}`}>{children}</span>;
}

/** How the entries of a list are set apart. */
export const listClass = "divide-y rounded-xl border bg-card";
