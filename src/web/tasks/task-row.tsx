import { Check, Ellipsis, Minus } from "lucide-react";
import { Link, useLocation } from "react-router";
import type { Task } from "../../protocol/task.ts";
import { IconButton } from "../components/button.tsx";
import { useLanguage } from "../language/language.ts";
import { useNewestRun } from "../state/newest-run.ts";
import { directoryOf } from "./directory.ts";
import { TaskMenu } from "./task-menu.tsx";

/** One task of the list. */
export function TaskRow({ task, open }: { task: Task; open: boolean }) {
  const { t, format } = useLanguage();
  const filesOpen = new URLSearchParams(useLocation().search).has("files");
  const directory = directoryOf(task);
  return (
    <li className="group relative">
      <Link
        to={{ pathname: `/tasks/${task.task_id}`, search: filesOpen ? "?files=" : "" }}
        aria-current={open ? "page" : undefined}
        className="block rounded-lg px-2.5 py-2 hover:bg-muted aria-[current=page]:bg-primary-soft max-sm:py-2.5"
      >
        <span className="flex items-center gap-2">
          <span
            className={`min-w-0 flex-1 truncate text-sm ${task.status === "active" ? "" : "text-muted-foreground"}`}
          >
            {task.name}
          </span>
          <RunMark taskId={task.task_id} />
          <StateMark task={task} />
        </span>
        <span className="flex items-center gap-1.5 text-muted-foreground text-xs">
          <time dateTime={task.updated_at} title={format.fullMoment(task.updated_at)} className="shrink-0">
            {format.moment(task.updated_at)}
          </time>
          <span aria-hidden="true">·</span>
          <span className="shrink-0">{t("tasks.messages", { count: task.n_messages })}</span>
          {directory !== task.name && (
            <>
              <span aria-hidden="true">·</span>
              <span className="truncate">{directory}</span>
            </>
          )}
        </span>
      </Link>
      <div className="-translate-y-1/2 absolute top-1/2 right-1 hidden opacity-0 focus-within:opacity-100 group-hover:opacity-100 has-data-popup-open:opacity-100 pointer-fine:block">
        <TaskMenu
          task={task}
          trigger={
            <IconButton
              label={t("tasks.actions", { name: task.name })}
              className="bg-card shadow-sm ring-1 ring-border"
            >
              <Ellipsis size={16} aria-hidden="true" />
            </IconButton>
          }
        />
      </div>
    </li>
  );
}

/** That a run is at work, or waits: for a place, or for the person, which is the one thing they must not overlook. */
function RunMark({ taskId }: { taskId: string }) {
  const { t } = useLanguage();
  const status = useNewestRun(taskId, { ask: false })?.status;
  if (status === "waiting") {
    return (
      <span className="shrink-0 rounded-full bg-warning-soft px-2 text-warning text-xs leading-5">
        {t("tasks.waiting")}
      </span>
    );
  }
  if (status !== "queued" && status !== "running" && status !== "cancelling") return null;
  const label = t(status === "queued" ? "tasks.queued" : "tasks.atWork");
  return (
    <span title={label} className="flex shrink-0 items-center">
      <span
        aria-hidden="true"
        className={`size-2 rounded-full ${status === "queued" ? "border border-primary" : "breathing bg-primary"}`}
      />
      <span className="sr-only">{label}</span>
    </span>
  );
}

function StateMark({ task }: { task: Task }) {
  const { t } = useLanguage();
  if (task.status === "active") return null;
  const Mark = task.status === "completed" ? Check : Minus;
  return (
    <span title={t(`status.${task.status}`)} className="shrink-0 text-muted-foreground">
      <Mark size={14} aria-hidden="true" />
      <span className="sr-only">{t(`status.${task.status}`)}</span>
    </span>
  );
}
