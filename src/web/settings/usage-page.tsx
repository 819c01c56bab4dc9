import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import type { UsageReport, UsageRow } from "../../protocol/agent/usage.ts";
import { SelectField } from "../components/field.tsx";
import { describeCost } from "../conversation/parts/usage-line.tsx";
import { useLanguage } from "../language/language.ts";
import { client } from "../state/client.ts";
import { Empty, Loaded, PageHead } from "./page-parts.tsx";

const groups = ["day", "task", "model"] as const;
type Group = (typeof groups)[number];
const periods = [7, 30, 90, 365];
const names = { day: "usage.byDay", task: "usage.byTask", model: "usage.byModel" } as const;

/** What the model calls of a person took, and what they cost. */
export function UsagePage() {
  const { t } = useLanguage();
  const [group, setGroup] = useState<Group>("day");
  const [days, setDays] = useState(30);
  const report = useQuery({
    queryKey: ["usage", group, days],
    queryFn: ({ signal }) => client.readUsage({ group_by: group, from: daysAgo(days - 1) }, { signal }),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <PageHead title={t("settings.usage")} intro={t("usage.intro")} />
      <div className="mb-5 grid max-w-md grid-cols-2 gap-3">
        <SelectField
          label={t("usage.group")}
          value={group}
          choices={groups.map((value) => ({ value, label: t(names[value]) }))}
          onChange={(value) => setGroup(groups.find((each) => each === value) ?? "day")}
        />
        <SelectField
          label={t("usage.period")}
          value={String(days)}
          choices={periods.map((count) => ({ value: String(count), label: t("usage.days", { count }) }))}
          onChange={(value) => setDays(Number(value))}
        />
      </div>
      <Loaded query={report}>
        {(data) => (data.results.length === 0 ? <Empty>{t("usage.empty")}</Empty> : <Report report={data} />)}
      </Loaded>
    </>
  );
}

/** The day so long ago as the server counts days, in UTC. */
function daysAgo(days: number): string {
  return new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
}

const cell = "py-2 pl-3 text-right tabular-nums whitespace-nowrap";
const wide = "max-sm:hidden";

function Report({ report }: { report: UsageReport }) {
  const { t } = useLanguage();
  const { group_by: group, results, total } = report;
  // Days read from the newest; what is compared is money, or tokens where there are no prices.
  const rows = group === "day" ? results.toReversed() : results;
  const priced = rows.some(({ cost }) => cost !== null && cost > 0);
  const weigh = (row: UsageRow) => (priced ? (row.cost ?? 0) : row.tokens_in + row.tokens_out);
  const most = Math.max(...rows.map(weigh));
  return (
    <table aria-label={`${t(names[group])}, ${report.from} – ${report.to}`} className="w-full text-sm">
      <thead className="text-muted-foreground text-xs">
        <tr className="border-b">
          <th scope="col" className="py-2 text-left font-normal">
            {t(`usage.${group}`)}
          </th>
          <th scope="col" className={`${cell} ${wide} font-normal`}>
            {t("usage.calls")}
          </th>
          <th scope="col" className={`${cell} font-normal`}>
            {t("usage.colIn")}
          </th>
          <th scope="col" className={`${cell} ${wide} font-normal`}>
            {t("usage.colCached")}
          </th>
          <th scope="col" className={`${cell} font-normal`}>
            {t("usage.colOut")}
          </th>
          <th scope="col" className={`${cell} font-normal`}>
            {t("usage.cost")}
          </th>
        </tr>
      </thead>
      <tbody className="divide-y">
        {rows.map((row) => (
          <tr key={row.key}>
            <th scope="row" className="w-2/5 py-2 text-left align-top font-normal">
              <RowName row={row} group={group} />
              <Bar share={most > 0 ? weigh(row) / most : 0} />
            </th>
            <Numbers counts={row} />
          </tr>
        ))}
      </tbody>
      <tfoot className="border-t-2 font-medium">
        <tr>
          <th scope="row" className="py-2 text-left font-medium">
            {t("usage.all")}
          </th>
          <Numbers counts={total} />
        </tr>
      </tfoot>
    </table>
  );
}

function RowName({ row, group }: { row: UsageRow; group: Group }) {
  const { t } = useLanguage();
  if (group === "task") {
    if (row.name === null) return <span className="text-muted-foreground">{t("usage.goneTask")}</span>;
    return (
      <Link to={`/tasks/${row.key}`} className="wrap-anywhere hover:underline">
        {row.name}
      </Link>
    );
  }
  return (
    <span className="wrap-anywhere">
      {row.key}
      {row.name && row.name !== row.key && (
        <span className="block text-muted-foreground text-xs">{row.name}</span>
      )}
    </span>
  );
}

function Bar({ share }: { share: number }) {
  return (
    <span aria-hidden="true" className="mt-1 block h-1 rounded-full bg-muted">
      <span
        className="block h-full rounded-full bg-primary"
        style={{ width: `${Math.round(share * 100)}%` }}
      />
    </span>
  );
}

function Numbers({ counts }: { counts: UsageReport["total"] }) {
  const language = useLanguage();
  const { t, format } = language;
  const { calls, tokens_in, tokens_out, cached, cost } = counts;
  return (
    <>
      <td className={`${cell} ${wide} align-top`}>{format.number(calls)}</td>
      <td className={`${cell} align-top`}>{format.number(tokens_in)}</td>
      <td className={`${cell} ${wide} align-top`}>
        {tokens_in > 0 ? format.percent(cached / tokens_in) : "–"}
      </td>
      <td className={`${cell} align-top`}>{format.number(tokens_out)}</td>
      <td className={`${cell} align-top`} title={cost === null ? t("usage.noPriceHint") : undefined}>
        {describeCost(cost, language)}
      </td>
    </>
  );
}
