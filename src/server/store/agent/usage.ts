import type { UsageQuery, UsageReport, UsageRow } from "../../../protocol/agent/usage.ts";
import type { Database } from "../database.ts";
import { costJson } from "../tasks.ts";

/** What the rows of a group are called by, and the order they are listed in. */
const groups: Record<UsageQuery["group_by"], { key: string; order: string }> = {
  day: { key: "to_char(at at time zone 'UTC', 'YYYY-MM-DD')", order: "key desc" },
  task: { key: "task_id::text", order: "cost_nano desc nulls first, tokens_in desc, key" },
  model: { key: "model", order: "cost_nano desc nulls first, tokens_in desc, key" },
};

/** A sum in which a part without a price leaves the whole without one. */
const sums = `count(*) as calls, coalesce(sum(tokens_in), 0) as tokens_in, coalesce(sum(tokens_out), 0) as tokens_out,
  coalesce(sum(cached), 0) as cached, coalesce(sum(cache_writes), 0) as cache_writes,
  coalesce(sum(reasoning), 0) as reasoning,
  case when count(*) = count(cost_nano) then coalesce(sum(cost_nano), 0) end as cost_nano`;

const counts = `'calls', calls, 'tokens_in', tokens_in, 'tokens_out', tokens_out, 'cached', cached,
  'cache_writes', cache_writes, 'reasoning', reasoning, 'cost', ${costJson}::json`;

/** What a user's model calls of some days took. Days are those of UTC, `from` and `to` among them. */
export async function readUsage(
  database: Database,
  userId: string,
  { group_by, page, page_size, from, to }: UsageQuery & { from: string; to: string },
): Promise<UsageReport> {
  const { key, order } = groups[group_by];
  const name =
    group_by === "task"
      ? "(select name from tasks where tasks.task_id::text = key and tasks.user_id = $1)"
      : "null::text";
  const { rows } = await database.pool.query<{
    total: UsageReport["total"];
    count: number;
    results: UsageRow[];
  }>(
    `with calls as (
       select *, ${key} as key from usage
       where user_id = $1 and at >= $2::date::timestamp at time zone 'UTC'
         and at < ($3::date + 1)::timestamp at time zone 'UTC'
     ), grouped as (select key, ${sums} from calls group by key)
     select (select json_build_object(${counts}) from (select ${sums} from calls) whole) as total,
       (select count(*) from grouped) as count,
       coalesce((select json_agg(json_build_object('key', key, 'name', ${name}, ${counts})) from (
         select * from grouped order by ${order} limit $4 offset $5::bigint) listed), '[]') as results`,
    [userId, from, to, page_size, (page - 1) * page_size],
  );
  const [row] = rows;
  if (!row) throw new Error("a query without a condition gave no row");
  return { group_by, from, to, page, page_size, ...row };
}
