import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { Task } from "../../protocol/task.ts";
import { Button } from "../components/button.tsx";
import { Modal } from "../components/dialog.tsx";
import { TextField } from "../components/field.tsx";
import { useLanguage } from "../language/language.ts";
import { explainProblem } from "../language/problem.ts";
import { useTaskActions } from "../state/queries.ts";

interface RenameDialogProps {
  open: boolean;
  task: Task;
  onClose: () => void;
}

/** Asks for a task's new name. */
export function RenameDialog({ open, task, onClose }: RenameDialogProps) {
  const language = useLanguage();
  const { t } = language;
  const actions = useTaskActions();
  const [name, setName] = useState(task.name);
  const rename = useMutation({
    mutationFn: () => actions.update(task.task_id, { name: name.trim() }),
    onSuccess: onClose,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === task.name) onClose();
    else rename.mutate();
  };
  return (
    <Modal open={open} onClose={onClose} title={t("task.rename")}>
      <form className="space-y-4" onSubmit={submit}>
        <TextField
          label={t("task.name")}
          autoFocus
          required
          maxLength={255}
          value={name}
          onFocus={(event) => event.target.select()}
          onChange={(event) => setName(event.target.value)}
        />
        {rename.isError && (
          <p role="alert" className="text-danger text-sm">
            {explainProblem(rename.error, language)}
          </p>
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button look="primary" type="submit" disabled={rename.isPending}>
            {t("action.save")}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
