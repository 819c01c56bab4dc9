import { ArrowLeft, Download, Ellipsis, FolderOpen } from "lucide-react";
import { Link, useSearchParams } from "react-router";
import type { Task } from "../../protocol/task.ts";
import { IconButton, iconButtonClass } from "../components/button.tsx";
import { describeCost } from "../conversation/parts/usage-line.tsx";
import { useLanguage } from "../language/language.ts";
import { directoryOf } from "./directory.ts";
import { TaskMenu } from "./task-menu.tsx";

/** A task's name and state, and the ways to its files, its export and its actions. */
export function TaskHeader({ task }: { task: Task }) {
  const language = useLanguage();
  const { t, format } = language;
  const [search] = useSearchParams();
  const directory = directoryOf(task);
  const used =
    task.tokens > 0
      ? [t("task.tokens", { count: format.number(task.tokens) }), describeCost(task.cost, language)]
      : [];
  const filesOpen = search.has("files");
  return (
    <header className="flex h-14 shrink-0 items-center gap-1 border-b px-2">
      <Link to="/" aria-label={t("page.back")} className={`${iconButtonClass()} md:hidden`}>
        <ArrowLeft size={19} aria-hidden="true" />
      </Link>
      <div className="min-w-0 flex-1 md:pl-3">
        <h1 className="truncate font-semibold text-[15px] leading-tight" title={task.name}>
          {task.name}
        </h1>
        <p className="truncate text-muted-foreground text-xs">
          {[
            directory === task.name ? "" : directory,
            task.skill,
            task.status === "active" ? "" : t(`status.${task.status}`),
            ...used,
          ]
            .filter(Boolean)
            .join(" · ")}
        </p>
      </div>
      <a
        href={`/v1/tasks/${task.task_id}/export`}
        download
        aria-label={t("task.export")}
        title={t("task.export")}
        className={iconButtonClass()}
      >
        <Download size={18} aria-hidden="true" />
      </a>
      <Link
        to={filesOpen ? "?" : "?files="}
        aria-label={t("files.title")}
        title={t("files.title")}
        aria-pressed={filesOpen}
        className={`${iconButtonClass()} aria-pressed:bg-muted aria-pressed:text-foreground`}
      >
        <FolderOpen size={18} aria-hidden="true" />
      </Link>
      <TaskMenu
        task={task}
        trigger={
          <IconButton label={t("task.actions")}>
            <Ellipsis size={19} aria-hidden="true" />
          </IconButton>
        }
      />
    </header>
  );
}
