import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type KeyboardEvent, useState } from "react";
import type { PendingMessage, PendingMode } from "../../protocol/message.ts";
import { Button } from "../components/button.tsx";
import { Modal } from "../components/dialog.tsx";
import { Labelled, SelectField, textAreaClass } from "../components/field.tsx";
import { useLanguage } from "../language/language.ts";
import { explainProblem } from "../language/problem.ts";
import { client } from "../state/client.ts";
import { pendingKey } from "../state/queries.ts";
import { modes } from "./modes.ts";

/** Changes the words of a message that waits, and what becomes of it. */
export function EditDialog({ message, onClose }: { message: PendingMessage; onClose: () => void }) {
  const language = useLanguage();
  const { t } = language;
  const queries = useQueryClient();
  const [content, setContent] = useState(message.content);
  const [mode, setMode] = useState(message.mode);
  const { task_id, pending_id } = message;
  const save = useMutation({
    mutationFn: () => client.updatePending({ task_id, pending_id }, { content, mode }),
    onSuccess: onClose,
    onSettled: () => queries.invalidateQueries({ queryKey: pendingKey(task_id) }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!save.isPending) save.mutate();
  };
  const sendOnEnter = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
  };
  return (
    <Modal open onClose={onClose} title={t("pending.editTitle")}>
      <form className="space-y-4" onSubmit={submit}>
        <Labelled label={t("pending.content")}>
          {(own) => (
            <textarea
              {...own}
              required
              rows={4}
              className={textAreaClass}
              value={content}
              onChange={(event) => setContent(event.target.value)}
              onKeyDown={sendOnEnter}
            />
          )}
        </Labelled>
        <SelectField
          label={t("mode.title")}
          value={mode}
          choices={Object.entries(modes).map(([value, { label }]) => ({ value, label: t(label) }))}
          hint={t(modes[mode].hint)}
          onChange={(value) => setMode(value as PendingMode)}
        />
        {save.isError && (
          <p role="alert" className="text-danger text-sm">
            {explainProblem(save.error, language)}
          </p>
        )}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button look="primary" type="submit" disabled={save.isPending || content.trim() === ""}>
            {t("action.save")}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
