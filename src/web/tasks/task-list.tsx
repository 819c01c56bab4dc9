import { Search, SquarePen } from "lucide-react";
import { useState } from "react";
import { Link, useMatch } from "react-router";
import { Button, iconButtonClass } from "../components/button.tsx";
import { Logo } from "../components/logo.tsx";
import { useLanguage } from "../language/language.ts";
import { explainProblem } from "../language/problem.ts";
import { useDelayed } from "../state/delayed.ts";
import { type TaskFilter, useTasks } from "../state/queries.ts";
import { TaskRow } from "./task-row.tsx";

const statuses = ["all", "active", "completed", "abandoned"] as const;

/** The person's tasks: found by words and by state, the last used first. */
export function TaskList() {
  const { t } = useLanguage();
  const [words, setWords] = useState("");
  const [status, setStatus] = useState<TaskFilter["status"]>("all");
  const q = useDelayed(words.trim(), 200);
  return (
    <>
      <header className="space-y-3 p-3 pb-2">
        <div className="flex items-center justify-between pl-1.5">
          <Link to="/" className="flex rounded-md">
            <Logo />
          </Link>
          <Link
            to="/new"
            aria-label={t("tasks.new")}
            title={t("tasks.new")}
            className={`${iconButtonClass("quiet")} text-primary`}
          >
            <SquarePen size={18} aria-hidden="true" />
          </Link>
        </div>
        <div className="relative">
          <Search
            size={15}
            aria-hidden="true"
            className="-translate-y-1/2 absolute top-1/2 left-3 text-muted-foreground"
          />
          <input
            type="search"
            aria-label={t("tasks.search")}
            placeholder={t("tasks.search")}
            className="h-9 w-full rounded-lg bg-muted pr-3 pl-9 text-sm outline-none placeholder:text-muted-foreground focus:ring-2 focus:ring-primary/40 max-sm:h-11"
            value={words}
            onChange={(event) => setWords(event.target.value)}
          />
        </div>
        <fieldset className="flex gap-0.5">
          <legend className="sr-only">{t("tasks.filter")}</legend>
          {statuses.map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={status === each}
              className="flex-1 whitespace-nowrap rounded-md px-1.5 py-1 text-muted-foreground text-xs hover:bg-muted aria-pressed:bg-muted aria-pressed:font-medium aria-pressed:text-foreground max-sm:py-2.5"
              onClick={() => setStatus(each)}
            >
              {t(`status.${each}`)}
            </button>
          ))}
        </fieldset>
      </header>
      <Found filter={{ q, status }} />
    </>
  );
}

function Found({ filter }: { filter: TaskFilter }) {
  const language = useLanguage();
  const { t } = language;
  const found = useTasks(filter);
  const open = useMatch("/tasks/:taskId")?.params.taskId;
  const tasks = found.data?.pages.flatMap((page) => page.results) ?? [];
  const count = found.data?.pages.at(-1)?.count ?? 0;
  const filtered = filter.q !== "" || filter.status !== "all";
  return (
    <nav
      aria-label={t("tasks.title")}
      aria-busy={found.isPending}
      className="min-h-0 flex-1 overflow-y-auto overscroll-contain px-2 pb-3"
    >
      {found.isError && (
        <div role="alert" className="space-y-2 px-2 py-3 text-danger text-sm">
          <p>{explainProblem(found.error, language)}</p>
          <Button onClick={() => found.refetch()}>{t("action.retry")}</Button>
        </div>
      )}
      {found.isSuccess && tasks.length === 0 && (
        <p className="px-2.5 py-4 text-muted-foreground text-sm">
          {t(filtered ? "tasks.noneFound" : "tasks.none")}
        </p>
      )}
      {tasks.length > 0 && (
        <p className="px-2.5 pt-1 pb-1.5 text-muted-foreground text-xs">{t("tasks.count", { count })}</p>
      )}
      <ul className="space-y-px">
        {tasks.map((task) => (
          <TaskRow key={task.task_id} task={task} open={task.task_id === open} />
        ))}
      </ul>
      {found.hasNextPage && (
        <Button
          look="quiet"
          className="mt-2 w-full"
          disabled={found.isFetchingNextPage}
          onClick={() => found.fetchNextPage()}
        >
          {t(found.isFetchingNextPage ? "page.loading" : "tasks.more")}
        </Button>
      )}
    </nav>
  );
}
