import { Check, Minus, PencilLine, Trash2 } from "lucide-react";
import { type ReactElement, useState } from "react";
import { useLocation, useNavigate } from "react-router";
import type { Task } from "../../protocol/task.ts";
import { ConfirmDialog } from "../components/dialog.tsx";
import { Action, ActionMenu, MenuLine } from "../components/menu.tsx";
import { notices } from "../components/toaster.tsx";
import { useLanguage } from "../language/language.ts";
import { explainProblem } from "../language/problem.ts";
import { useTaskActions } from "../state/queries.ts";
import { RenameDialog } from "./rename-dialog.tsx";

/** What can be done to a task, behind `trigger`. Deleting asks first. */
export function TaskMenu({ task, trigger }: { task: Task; trigger: ReactElement }) {
  const language = useLanguage();
  const { t } = language;
  const actions = useTaskActions();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const [asking, setAsking] = useState<"rename" | "delete" | null>(null);
  const [busy, setBusy] = useState(false);

  const attempt = async (work: () => Promise<unknown>) => {
    setBusy(true);
    try {
      await work();
      setAsking(null);
    } catch (error) {
      notices.add({ type: "error", title: explainProblem(error, language) });
    } finally {
      setBusy(false);
    }
  };
  const mark = (status: "completed" | "abandoned") => attempt(() => actions.update(task.task_id, { status }));
  const remove = () =>
    attempt(async () => {
      await actions.remove(task.task_id);
      if (pathname === `/tasks/${task.task_id}`) navigate("/", { replace: true });
    });

  return (
    <>
      <ActionMenu trigger={trigger}>
        <Action icon={<PencilLine size={16} />} onSelect={() => setAsking("rename")}>
          {t("task.rename")}
        </Action>
        <Action
          icon={<Check size={16} />}
          disabled={task.status === "completed"}
          onSelect={() => mark("completed")}
        >
          {t("task.complete")}
        </Action>
        <Action
          icon={<Minus size={16} />}
          disabled={task.status === "abandoned"}
          onSelect={() => mark("abandoned")}
        >
          {t("task.abandon")}
        </Action>
        <MenuLine />
        <Action icon={<Trash2 size={16} />} danger onSelect={() => setAsking("delete")}>
          {t("task.delete")}
        </Action>
      </ActionMenu>
      <RenameDialog
        key={`${task.task_id} ${asking === "rename"}`}
        open={asking === "rename"}
        task={task}
        onClose={() => setAsking(null)}
      />
      <ConfirmDialog
        open={asking === "delete"}
        onClose={() => setAsking(null)}
        title={t("task.deleteTitle", { name: task.name })}
        description={t("task.deleteHint")}
        action={t("task.delete")}
        busy={busy}
        onConfirm={remove}
      />
    </>
  );
}
