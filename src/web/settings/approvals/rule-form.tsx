import { type FormEvent, useState } from "react";
import { ApprovalAction, type ApprovalRule } from "../../../protocol/agent/approval.ts";
import { Button } from "../../components/button.tsx";
import { SelectField, TextField } from "../../components/field.tsx";
import { useLanguage } from "../../language/language.ts";

const nothing: ApprovalRule = { tool: "", argument: "", action: "ask" };

/** Writes one more rule, which comes behind the others. `onAdd` rejects where it was not taken. */
export function RuleForm({ onAdd }: { onAdd: (rule: ApprovalRule) => Promise<unknown> }) {
  const { t } = useLanguage();
  const [rule, setRule] = useState(nothing);
  const [busy, setBusy] = useState(false);
  const tool = rule.tool.trim();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (tool === "" || busy) return;
    const argument = rule.argument?.trim() ?? "";
    setBusy(true);
    try {
      await onAdd({ tool, action: rule.action, ...(argument && { argument }) });
      setRule(nothing);
    } catch {
      // Said where the list is written.
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="space-y-4 rounded-xl border bg-surface p-4" onSubmit={(event) => void submit(event)}>
      <div className="grid gap-4 sm:grid-cols-[1fr_1fr_10rem]">
        <TextField
          label={t("approvals.tool")}
          hint={t("approvals.toolHint")}
          maxLength={200}
          autoComplete="off"
          spellCheck={false}
          value={rule.tool}
          onChange={(event) => setRule({ ...rule, tool: event.target.value })}
        />
        <TextField
          label={t("approvals.argument")}
          hint={t("approvals.argumentHint")}
          maxLength={2_000}
          autoComplete="off"
          spellCheck={false}
          value={rule.argument ?? ""}
          onChange={(event) => setRule({ ...rule, argument: event.target.value })}
        />
        <SelectField
          label={t("approvals.action")}
          value={rule.action}
          choices={ApprovalAction.options.map((value) => ({ value, label: t(`approvals.${value}`) }))}
          onChange={(value) => setRule({ ...rule, action: ApprovalAction.parse(value) })}
        />
      </div>
      <Button type="submit" look="primary" disabled={tool === "" || busy}>
        {t("approvals.add")}
      </Button>
    </form>
  );
}
