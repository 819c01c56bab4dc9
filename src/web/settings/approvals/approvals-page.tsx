import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { ApprovalRule } from "../../../protocol/agent/approval.ts";
import { ConfirmDialog } from "../../components/dialog.tsx";
import { notices } from "../../components/toaster.tsx";
import { useLanguage } from "../../language/language.ts";
import { explainProblem } from "../../language/problem.ts";
import { client } from "../../state/client.ts";
import { Empty, Loaded, listClass, PageHead } from "../page-parts.tsx";
import { RuleForm } from "./rule-form.tsx";
import { nameOfRule, RuleRow } from "./rule-row.tsx";

const key = ["approvals"] as const;

/** A person's own rules about tool calls: they are kept whole, as their order counts. */
export function ApprovalsPage() {
  const language = useLanguage();
  const { t } = language;
  const queries = useQueryClient();
  const [leaving, setLeaving] = useState<number | null>(null);
  const query = useQuery({
    queryKey: key,
    queryFn: async ({ signal }) => (await client.readApprovals({ signal })).rules,
  });
  const write = useMutation({
    mutationFn: async (rules: readonly ApprovalRule[]) =>
      (await client.writeApprovals({ rules: [...rules] })).rules,
    // What is shown is what will be, so that moving a rule twice moves it twice.
    onMutate: (rules) => queries.setQueryData(key, rules),
    onError: (error) => notices.add({ type: "error", title: explainProblem(error, language) }),
    onSettled: () => queries.invalidateQueries({ queryKey: key }),
  });
  return (
    <>
      <PageHead title={t("settings.approvals")} intro={t("approvals.intro")} />
      <Loaded query={query}>
        {(rules) => {
          const replace = (index: number, rule: ApprovalRule) => write.mutate(rules.with(index, rule));
          const move = (index: number, by: number) => {
            const [before, after] = [rules[index], rules[index + by]];
            if (before && after) write.mutate(rules.with(index, after).with(index + by, before));
          };
          const gone = leaving === null ? undefined : rules[leaving];
          return (
            <div className="space-y-6">
              {rules.length === 0 ? (
                <Empty>{t("approvals.empty")}</Empty>
              ) : (
                <ol aria-label={t("approvals.list")} className={listClass}>
                  {rules.map((rule, index) => (
                    <RuleRow
                      // biome-ignore lint/suspicious/noArrayIndexKey: two rules may read the same; their place is what they are
                      key={index}
                      rule={rule}
                      first={index === 0}
                      last={index === rules.length - 1}
                      onChange={(next) => replace(index, next)}
                      onMove={(by) => move(index, by)}
                      onDelete={() => setLeaving(index)}
                    />
                  ))}
                </ol>
              )}
              <RuleForm onAdd={(rule) => write.mutateAsync([...rules, rule])} />
              <ConfirmDialog
                open={gone !== undefined}
                onClose={() => setLeaving(null)}
                title={t("approvals.deleteTitle", { rule: gone ? nameOfRule(gone) : "" })}
                description={t("approvals.deleteHint")}
                action={t("action.delete")}
                busy={write.isPending}
                onConfirm={() => {
                  write.mutate(rules.filter((_, index) => index !== leaving));
                  setLeaving(null);
                }}
              />
            </div>
          );
        }}
      </Loaded>
    </>
  );
}
