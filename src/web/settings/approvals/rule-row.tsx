import { ArrowDown, ArrowUp, Trash2 } from "lucide-react";
import { ApprovalAction, type ApprovalRule } from "../../../protocol/agent/approval.ts";
import { IconButton } from "../../components/button.tsx";
import { showHidden } from "../../components/show-hidden.ts";
import { useLanguage } from "../../language/language.ts";

interface RuleRowProps {
  rule: ApprovalRule;
  first: boolean;
  last: boolean;
  onChange: (rule: ApprovalRule) => void;
  onMove: (by: 1 | -1) => void;
  onDelete: () => void;
}

/** How a rule is called: its two patterns. */
export function nameOfRule({ tool, argument }: ApprovalRule): string {
  return showHidden([tool, argument].filter(Boolean).join(" "));
}

/** One rule: what it is about, what happens, and its place among the others. */
export function RuleRow({ rule, first, last, onChange, onMove, onDelete }: RuleRowProps) {
  const { t } = useLanguage();
  const name = nameOfRule(rule);
  return (
    <li className="flex flex-wrap items-center gap-x-2 gap-y-1 py-1.5 pr-1.5 pl-4">
      <code className="min-w-0 flex-1 basis-56 font-mono text-[13px] wrap-anywhere">{name}</code>
      <select
        aria-label={t("approvals.actionOf", { rule: name })}
        className="h-9 rounded-lg border border-border-strong bg-card px-2 text-sm pointer-coarse:h-11"
        value={rule.action}
        onChange={(event) => onChange({ ...rule, action: ApprovalAction.parse(event.target.value) })}
      >
        {ApprovalAction.options.map((action) => (
          <option key={action} value={action}>
            {t(`approvals.${action}`)}
          </option>
        ))}
      </select>
      <div className="flex">
        <IconButton label={t("approvals.up", { rule: name })} disabled={first} onClick={() => onMove(-1)}>
          <ArrowUp size={16} aria-hidden="true" />
        </IconButton>
        <IconButton label={t("approvals.down", { rule: name })} disabled={last} onClick={() => onMove(1)}>
          <ArrowDown size={16} aria-hidden="true" />
        </IconButton>
        <IconButton label={t("approvals.delete", { rule: name })} onClick={onDelete}>
          <Trash2 size={16} aria-hidden="true" />
        </IconButton>
      </div>
    </li>
  );
}
